// One norm at a time, and as many examples as the reader wants. The tiles and their numbers are drawn already.
(() => {
  "use strict";
  const setUp = (figure) => {
    const form = figure.querySelector(".bn-choice");
    const { counts } = JSON.parse(figure.querySelector("script[type='application/json']").textContent);

    const show = () => {
      const { norm } = Object.fromEntries(new FormData(form));
      const size = Number(new FormData(form).get("size"));
      for (const panel of figure.querySelectorAll(".bn-norm")) {
        const { norm: name, over } = panel.dataset;
        panel.hidden = name !== norm;
        const grow = (key, by) => Number(panel.dataset[key]) * (over === by ? size : 1);
        const words = { values: grow("values", "batch"), sets: grow("sets", "example") };
        panel.querySelector(".bn-counts").textContent = counts[name].replace(/\{(\w+)\}/g, (_, key) => words[key]);
        panel.querySelector(".bn-alone")?.toggleAttribute("hidden", size > 1);
        panel.querySelectorAll(".bn-row").forEach((row, n) => {
          if (n < size) row.removeAttribute("display");
          else row.setAttribute("display", "none");
        });
        const svg = panel.querySelector("svg");
        const [left, top, width] = svg.getAttribute("viewBox").split(" ");
        // Two rows at least: the letters beside them need the room.
        const height = Number(svg.dataset.top) + Math.max(size, 2) * Number(svg.dataset.step);
        svg.setAttribute("viewBox", [left, top, width, height].join(" "));
      }
    };

    form.addEventListener("change", show);
    form.addEventListener("submit", (event) => event.preventDefault());
    figure.addEventListener("keydown", (event) => event.stopPropagation()); // a notebook has shortcuts of its own
    form.hidden = false;
    figure.classList.add("bn-live");
    show();
  };

  document.querySelectorAll("figure.bn-axes:not(.bn-live)").forEach(setUp);
})();
