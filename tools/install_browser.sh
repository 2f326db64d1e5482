#!/bin/sh
# Chromium and the CJK fonts for the browser tests, from Debian's packages. Does nothing when they are there.
# Where it may not install, it says so and the browser tests are skipped (in CI they fail instead).
set -u
want=""
for browser in chromium chromium-browser google-chrome; do
    command -v "$browser" >/dev/null && found=$browser
done
[ -n "${found:-}" ] || want="chromium"
fc-list 2>/dev/null | grep -q 'Noto Sans CJK' || want="$want fonts-noto-cjk fontconfig"
[ -n "$want" ] || exit 0

run=""
[ "$(id -u)" = 0 ] || run="sudo -n"
if command -v apt-get >/dev/null && $run true 2>/dev/null; then
    echo "installing for the browser tests: $want"
    # shellcheck disable=SC2086  # words are packages
    $run apt-get update -qq && DEBIAN_FRONTEND=noninteractive $run apt-get install -y -qq --no-install-recommends \
        $want >/dev/null && exit 0
fi
echo "could not install: $want. Browser tests need Chromium: sudo apt-get install chromium fonts-noto-cjk" >&2
