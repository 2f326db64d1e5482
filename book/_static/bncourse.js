// Hands our words to the theme's scripts, keeps the section when the language changes, closes the language menu.
Documentation.addTranslations({locale: document.documentElement.lang, messages: bncourseWords, plural_expr: "0"});

// The copy button keeps its words in `messages` and knows three of our four languages as English.
if (typeof messages !== "undefined") {
  Object.assign(messages[locale], {
    copy: bncourseWords["Copy"],
    copy_to_clipboard: bncourseWords["Copy to clipboard"],
    copy_success: bncourseWords["Copied!"],
    copy_failure: bncourseWords["Failed to copy"],
  });
}

document.addEventListener("DOMContentLoaded", () => {
  const menu = document.querySelector(".bn-languages");
  if (menu) {
    const keepSection = () => menu.querySelectorAll("a").forEach((link) => { link.hash = location.hash; });
    keepSection();
    addEventListener("hashchange", keepSection);
    menu.addEventListener("toggle", keepSection);   // the theme also moves the hash without an event
    document.addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  }
});

// After every DOMContentLoaded handler, the togglebutton's own among them.
addEventListener("load", () => {
  document.querySelectorAll("button.toggle-button").forEach((button) => {
    button.setAttribute("aria-label", bncourseWords["Toggle hidden content"]);
  });
});
