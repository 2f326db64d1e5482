// Questions that the browser tests ask a page. Loaded into every page before its own scripts.
window.probe = {
  // Relative luminance and contrast as WCAG 2 defines them.
  luminance([r, g, b]) {
    const [x, y, z] = [r, g, b].map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  },

  rgba(text) {
    const parts = text.match(/[\d.]+/g)?.map(Number) ?? [0, 0, 0, 0];
    return parts.length === 3 ? [...parts, 1] : parts;
  },

  background(element) {
    for (let node = element; node; node = node.parentElement) {
      const colour = probe.rgba(getComputedStyle(node).backgroundColor);
      if (colour[3] > 0.9) return colour;
    }
    return [255, 255, 255, 1];
  },

  contrast(element) {
    const style = getComputedStyle(element);
    const drawn = element instanceof SVGElement ? style.fill : style.color;
    const [a, b] = [probe.rgba(drawn), probe.background(element)].map(probe.luminance).sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  },

  // Text too faint to read: what, and how faint.
  faint(least) {
    const kinds = ["article p", "article li", "article td", "article th", "article h2", "article a:not(.headerlink)", "article pre",
      ".highlight span", ".bn-figure svg text", ".bn-figure figcaption", "mjx-container", ".admonition-title",
      ".bd-links a", ".bd-toc-nav a", ".bn-languages summary", ".bn-languages a", ".copyright", "h1", ".lead", "nav a"];
    return kinds.flatMap((kind) => [...document.querySelectorAll(kind)].slice(0, 40)
      .filter((element) => element.getClientRects().length && element.textContent.trim())
      // Text on a coloured mark of a figure has its own background, which the page does not know.
      .filter((element) => !(element instanceof SVGElement) || getComputedStyle(element).fill === getComputedStyle(element).color)
      .map((element) => [kind, element.textContent.trim().slice(0, 30), probe.contrast(element)])
      .filter(([, , ratio]) => ratio < least));
  },

  // How far the page is wider than its window. The theme lets the whole article scroll, which hides the fault.
  excess() {
    return [document.documentElement, ...document.querySelectorAll("main, .bd-content, .bd-article-container, .bd-article")]
      .map((box) => box.scrollWidth - box.clientWidth)
      .reduce((most, one) => Math.max(most, one), 0);
  },

  // Words around the article, and words that a screen reader or a pointer meets anywhere.
  words() {
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (!node.parentElement.closest("script, style, noscript, article, [lang]:not(html), kbd, ul.search")) found.push(node.data);
    }
    for (const element of document.querySelectorAll("[title], [aria-label], [placeholder], [alt], [data-toggle-hint], [data-tooltip]")) {
      if (element.closest(".bn-figure, mjx-container, article img, article a.reference")) continue;
      for (const name of ["title", "aria-label", "placeholder", "alt", "data-bs-original-title", "data-toggle-hint", "data-tooltip"]) {
        if (element.hasAttribute(name)) found.push(element.getAttribute(name));
      }
    }
    // Words that the theme writes inside the article.
    const inside = ".admonition-title, details.hide > summary, .toggle-details__summary, .caption-number, .footnote";
    for (const element of document.querySelectorAll(`article :is(${inside})`)) found.push(element.textContent);
    return found.map((word) => word.trim()).filter(Boolean);
  },
};
