#!/bin/sh
# Chromium and the CJK fonts for the browser tests, from Debian's packages. Does nothing when they are there.
# Where it may not install, it says so and the browser tests are skipped (in CI they fail instead).
set -u
if command -v chromium >/dev/null && fc-list 2>/dev/null | grep -q 'Noto Sans CJK'; then exit 0; fi
run=""
[ "$(id -u)" = 0 ] || run="sudo -n"
if command -v apt-get >/dev/null && $run true 2>/dev/null; then
    echo "installing chromium and fonts-noto-cjk for the browser tests"
    $run apt-get update -qq && DEBIAN_FRONTEND=noninteractive $run apt-get install -y -qq --no-install-recommends \
        chromium fonts-noto-cjk fontconfig >/dev/null && exit 0
fi
echo "no Chromium: the browser tests will be skipped. To run them: sudo apt-get install chromium fonts-noto-cjk" >&2
