// The picture of the 16 nodes computes: a table of nodes, and each operation once forward and once backward.
// A row (D,) is kept as one row of a table, a batch (N, D) as N rows.
(() => {
  "use strict";
  const zip = (f, ...arrays) => arrays[0].map((row, i) => row.map((_, j) => f(...arrays.map((a) => a[i][j]))));
  const sum = (a) => [a[0].map((_, j) => a.reduce((total, row) => total + row[j], 0))];
  const repeat = (a, N) => Array.from({ length: N }, () => [...a[0]]);

  // forward(inputs, run) is the value; backward(gradient, inputs, value, run) is what each input gets back.
  const OPS = {
    mean: {
      forward: ([a], { N }) => zip((s) => s / N, sum(a)),
      backward: (d, _in, _out, { N }) => [repeat(zip((v) => v / N, d), N)],
    },
    rows: { forward: ([a], { N }) => repeat(a, N), backward: (d) => [sum(d)] },
    subtract: { forward: ([a, b]) => zip((u, v) => u - v, a, b), backward: (d) => [d, zip((v) => -v, d)] },
    square: { forward: ([a]) => zip((v) => v * v, a), backward: (d, [a]) => [zip((g, v) => 2 * v * g, d, a)] },
    sqrt: {
      forward: ([a], { eps }) => zip((v) => Math.sqrt(v + eps), a),
      backward: (d, _in, out) => [zip((g, s) => g / (2 * s), d, out)],
    },
    reciprocal: { forward: ([a]) => zip((v) => 1 / v, a), backward: (d, [a]) => [zip((g, v) => -g / v ** 2, d, a)] },
    multiply: {
      forward: ([a, b]) => zip((u, v) => u * v, a, b),
      backward: (d, [a, b]) => [zip((g, v) => g * v, d, b), zip((g, v) => g * v, d, a)],
    },
    add: { forward: ([a, b]) => zip((u, v) => u + v, a, b), backward: (d) => [d, d] },
  };

  // Every value, every gradient and every part of one, by name.
  const compute = (nodes, given) => {
    const run = { N: given.x.length, eps: given.eps[0][0] };
    const found = { ...given };
    for (const node of nodes) {
      if (node.op !== "leaf") found[node.name] = OPS[node.op].forward(node.inputs.map((name) => found[name]), run);
    }
    const parts = Object.fromEntries(nodes.map((node) => [node.name, []]));
    parts[nodes.at(-1).name].push(given.dy);
    for (const node of [...nodes].reverse()) {
      const gradient = parts[node.name].reduce((a, b) => zip((u, v) => u + v, a, b));
      found["d" + node.name] = gradient;
      if (node.op === "leaf") continue;
      const inputs = node.inputs.map((name) => found[name]);
      OPS[node.op].backward(gradient, inputs, found[node.name], run).forEach((part, place) => {
        found[node.parts[place]] = part;
        parts[node.inputs[place]].push(part);
      });
    }
    return found;
  };

  // Four digits; twin of `shown` in digits.py.
  const shown = (number) => {
    const rounded = Number(number.toPrecision(4));
    const size = Math.abs(rounded);
    if (size < 1e-12) return "0";
    return size < 1e-4 || size >= 1e6 ? rounded.toExponential() : String(rounded);
  };

  // A number as people type it: full-width digits and the sign − count. NaN when it is none.
  const read = (text) => {
    const plain = text.normalize("NFKC").replace("−", "-").trim();
    return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) ? Number(plain) : NaN;
  };

  const fill = (sentence, words) => sentence.replace(/\{(\w+)\}/g, (_, key) => words[key]);

  const setUp = (figure) => {
    const all = (selector) => [...figure.querySelectorAll(selector)];
    const { nodes, say, given } = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
    const last = nodes.length - 1;
    const number = Object.fromEntries(nodes.map((node, place) => [node.name, place]));
    const links = nodes.map((node) => figure.querySelector(`.bn-node[data-node="${node.name}"]`));
    const fields = figure.querySelector(".bn-fields");
    let now = structuredClone(given);
    let found = compute(nodes, now);
    let chosen = 0;
    let done = 2 * nodes.length; // steps taken: 16 forward, then 16 backward; all of them at first
    const troubles = new Map();

    const write = () => {
      for (const table of all(".bn-numbers")) {
        const known = Number(table.dataset.step) < done;
        found[table.dataset.of].flat().forEach((value, place) => {
          const cell = table.querySelectorAll("td")[place];
          const text = known ? shown(value) : "·";
          if (cell.textContent !== text) cell.textContent = text;
        });
        table.title = known ? "" : say.unknown;
      }
    };

    const mark = () => {
      const valued = (name) => number[name] < done;
      const graded = (name) => 2 * last + 1 - number[name] < done;
      nodes.forEach((node, place) => {
        links[place].classList.toggle("bn-valued", valued(node.name));
        links[place].classList.toggle("bn-graded", graded(node.name));
        if (place === chosen) links[place].setAttribute("aria-current", "true");
        else links[place].removeAttribute("aria-current");
      });
      for (const way of all("g[data-from]")) {
        const end = way.dataset.to ?? way.dataset.from;
        way.querySelector(".bn-f").classList.toggle("bn-waits", !valued(end));
        way.querySelector(".bn-b").classList.toggle("bn-waits", !graded(end));
        way.classList.toggle("bn-near", [way.dataset.from, way.dataset.to].includes(nodes[chosen].name));
      }
      all(".bn-card").forEach((card) => { card.hidden = card.dataset.node !== nodes[chosen].name; });
    };

    const choose = (place) => { chosen = place; mark(); };

    const step = (what) => {
      if (what === "all") done = 2 * nodes.length;
      else if (what === "forward") done = done > last ? 1 : done + 1;
      else done = done <= last || done > 2 * last + 1 ? last + 2 : done + 1;
      const back = done - last - 1;
      if (what !== "all") chosen = what === "forward" ? done - 1 : last + 1 - back;
      const node = `${nodes[chosen].mark} ${nodes[chosen].name}`;
      figure.querySelector(".bn-status").textContent =
        fill(say[what], { node, step: what === "forward" ? done : back });
      write();
      mark();
    };

    const complain = () => {
      const [first] = troubles.values();
      figure.querySelector(".bn-trouble").textContent = first ?? "";
    };

    const change = (field) => {
      const { of: name, row, column } = field.dataset;
      const value = read(field.value);
      const trial = structuredClone(now);
      trial[name][row][column] = value;
      const result = compute(nodes, trial);
      const fault = !Number.isFinite(value) ? say.number
        : name === "eps" && value <= 0 ? say.positive
        : Object.values(result).flat(2).some((v) => !Number.isFinite(v)) ? say.large : "";
      field.setAttribute("aria-invalid", String(Boolean(fault)));
      troubles.delete(field);
      if (fault) troubles.set(field, fill(fault, { name: field.getAttribute("aria-label") }));
      else { now = trial; found = result; write(); }
      complain();
    };

    links.forEach((link, place) => {
      link.addEventListener("focus", () => choose(place));
      link.addEventListener("click", (event) => { event.preventDefault(); link.focus({ preventScroll: true }); choose(place); });
      link.addEventListener("keydown", (event) => {
        const to = { ArrowRight: place + 1, ArrowDown: place + 1, ArrowLeft: place - 1, ArrowUp: place - 1,
          Home: 0, End: last, " ": place, Enter: place }[event.key];
        if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        links[Math.min(Math.max(to, 0), last)].focus();
        if (to === place) choose(place);
      });
    });
    all("a[data-go]").forEach((link) => link.addEventListener("click", (event) => {
      event.preventDefault();
      links[number[link.dataset.go]].focus({ preventScroll: true });
    }));
    all("[data-do]").forEach((button) => button.addEventListener("click", () => step(button.dataset.do)));
    figure.addEventListener("keydown", (event) => event.stopPropagation()); // a notebook has shortcuts of its own
    fields.addEventListener("input", (event) => change(event.target));
    fields.addEventListener("submit", (event) => event.preventDefault());
    fields.addEventListener("reset", () => {
      now = structuredClone(given);
      found = compute(nodes, now);
      troubles.clear();
      all("[aria-invalid]").forEach((field) => field.removeAttribute("aria-invalid"));
      complain();
      write();
    });

    figure.classList.add("bn-live");
    all(".bn-controls, .bn-fields").forEach((part) => { part.hidden = false; });
    step("all");
  };

  document.querySelectorAll("figure.bn-graph:not(.bn-live)").forEach(setUp);
})();
