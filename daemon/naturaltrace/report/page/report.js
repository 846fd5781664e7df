// The report's behaviour: everything is drawn from the data that stands in the page; nothing is loaded.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { words, levels, table, texts } = data;
  const rowHeight = 34;
  const total = table.name.length;
  const number = new Intl.NumberFormat(data.language);
  const byId = (id) => document.getElementById(id);

  const say = (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

  // Never 0 % or 100 %: nothing here is certain.
  const percent = (share) =>
    new Intl.NumberFormat(data.language, { style: "percent" }).format(Math.min(0.99, Math.max(0.01, share)));
  const wholePercent = (share) => new Intl.NumberFormat(data.language, { style: "percent" }).format(share);

  function make(tag, properties = {}, children = []) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name in element && !name.startsWith("aria")) element[name] = value;
      else element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  }

  function draw(tag, attributes) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  }

  const line = { fill: "none", stroke: "currentColor", "stroke-width": "2.2", "stroke-linecap": "round" };
  const shapes = {
    ai: [["path", { fill: "currentColor", d: "M12 1.2 22.8 12 12 22.8 1.2 12Z" }]],
    likely_ai: [
      ["path", { ...line, d: "M12 2.6 21.4 12 12 21.4 2.6 12Z" }],
      ["path", { fill: "currentColor", d: "M12 2.6 21.4 12 12 21.4Z" }],
    ],
    unclear: [
      ["circle", { ...line, cx: 12, cy: 12, r: 9.5, "stroke-dasharray": "4.2 2.6" }],
      ["path", { ...line, d: "M9.3 9.3a2.8 2.8 0 1 1 4.2 2.5c-1 .6-1.5 1.2-1.5 2.2M12 17.3v.1" }],
    ],
    no_sign: [["path", { ...line, d: "M21 12a9 9 0 1 1-18 0 9 9 0 1 1 18 0ZM8.5 12h7" }]],
    camera: [["path", { ...line, d: "M3 8h4l2-3h6l2 3h4v11H3ZM15.4 13a3.4 3.4 0 1 1-6.8 0 3.4 3.4 0 1 1 6.8 0" }]],
    error: [["path", { ...line, d: "M12 3 22 20H2ZM12 9v5M12 17v.1" }]],
  };

  function icon(level) {
    const svg = draw("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" });
    svg.append(...shapes[level].map(([tag, attributes]) => draw(tag, attributes)));
    return svg;
  }

  const pill = (level, label) =>
    make("span", { className: "pill", "data-level": level }, [icon(level), label || words[level]]);

  for (const element of document.querySelectorAll("[data-word]")) element.textContent = words[element.dataset.word];
  for (const element of document.querySelectorAll("[data-word-label]")) {
    element.setAttribute("aria-label", words[element.dataset.wordLabel]);
  }
  document.title = `${data.title} · Natural Trace`;
  byId("title").textContent = data.title;
  const images = data.counts.reduce((sum, count) => sum + count, 0);
  byId("about").textContent = [
    say("about", { images: number.format(images), models: data.models.join(", ") || "–" }),
    data.duplicates ? say("copies", { count: number.format(data.duplicates) }) : "",
    new Intl.DateTimeFormat(data.language, { dateStyle: "long", timeStyle: "short" }).format(new Date(data.made)),
  ]
    .filter(Boolean)
    .join(" · ");

  // What is listed: the rows that pass every filter, in the chosen order.
  const filter = { levels: new Set(), folder: null, text: "" };
  let shown = new Uint32Array(0);
  let chosen = 0;

  const path = (row) => {
    const folder = texts[table.folder[row]];
    return folder && !folder.endsWith("/") ? `${folder}/${table.name[row]}` : folder + table.name[row];
  };
  const rank = Float64Array.from(
    table.level,
    (level, row) => (levels.length - level) * 2000 + (table.chance[row] < 0 ? 500 : table.chance[row]),
  );
  const folded = texts.map((text) => text.toLowerCase());

  function apply() {
    const wanted = filter.text.trim().toLowerCase();
    const folders = wanted ? folded.map((folder) => folder.includes(wanted)) : null;
    const rows = [];
    for (let row = 0; row < total; row += 1) {
      if (filter.levels.size && !filter.levels.has(table.level[row])) continue;
      if (filter.folder !== null && texts[table.folder[row]] !== filter.folder) continue;
      if (wanted && !folders[table.folder[row]] && !table.name[row].toLowerCase().includes(wanted)) {
        if (!wanted.includes("/") || !path(row).toLowerCase().includes(wanted)) continue;
      }
      rows.push(row);
    }
    if (byId("sort").value === "rank") rows.sort((a, b) => rank[b] - rank[a] || a - b);
    shown = Uint32Array.from(rows);
    chosen = 0;
    byId("shown").textContent = say("shown", { shown: number.format(shown.length), total: number.format(total) });
    byId("filtered").textContent = filter.folder === null ? "" : `${words.folder}: ${filter.folder || "."}`;
    byId("clear").hidden = !filter.levels.size && filter.folder === null && !wanted;
    byId("detail").hidden = true;
    grid.setAttribute("aria-rowcount", String(shown.length));
    room.style.blockSize = `${shown.length * rowHeight}px`;
    grid.scrollTop = 0;
    paint();
  }

  // Only the rows in sight are in the document.
  const grid = byId("grid");
  const room = byId("room");

  function paint() {
    const first = Math.max(0, Math.floor(grid.scrollTop / rowHeight) - 8);
    const last = Math.min(shown.length, Math.ceil((grid.scrollTop + grid.clientHeight) / rowHeight) + 8);
    const rows = [];
    for (let place = first; place < last; place += 1) rows.push(drawRow(place));
    room.replaceChildren(...rows);
    const active = byId(`row-${chosen}`);
    if (active) grid.setAttribute("aria-activedescendant", active.id);
    else grid.removeAttribute("aria-activedescendant");
  }

  function drawRow(place) {
    const row = shown[place];
    const level = levels[table.level[row]];
    const cells = [
      [pill(level)],
      [table.chance[row] < 0 || level === "unclear" ? "–" : percent(table.chance[row] / 1000)],
      [table.name[row], make("small", {}, [texts[table.folder[row]]])],
      [texts[table.why[row]] || texts[table.summary[row]]],
    ];
    const element = make("div", { className: "row", id: `row-${place}`, title: path(row) });
    element.setAttribute("role", "row");
    element.setAttribute("aria-rowindex", String(place + 1));
    element.setAttribute("aria-selected", String(place === chosen));
    for (const [index, children] of cells.entries()) {
      const cell = make("span", { className: ["", "chance", "name", "why"][index] }, children);
      cell.setAttribute("role", "gridcell");
      element.append(cell);
    }
    element.style.insetBlockStart = `${place * rowHeight}px`;
    element.addEventListener("click", () => {
      choose(place);
      showDetail();
    });
    return element;
  }

  function choose(place) {
    chosen = Math.max(0, Math.min(shown.length - 1, place));
    const top = chosen * rowHeight;
    if (top < grid.scrollTop) grid.scrollTop = top;
    else if (top + rowHeight > grid.scrollTop + grid.clientHeight) grid.scrollTop = top + rowHeight - grid.clientHeight;
    paint();
  }

  function showDetail() {
    const row = shown[chosen];
    if (row === undefined) return;
    const level = levels[table.level[row]];
    const facts = [
      [words.image, path(row)],
      [words.summary, texts[table.summary[row]]],
      [words.why, texts[table.why[row]]],
      [words.size, table.width[row] ? `${table.width[row]} × ${table.height[row]}` : ""],
      [words.copy_of, table.copy[row] < 0 ? "" : texts[table.copy[row]]],
      ["SHA-256", table.sha256[row] ? `${table.sha256[row]}…` : ""],
    ].filter(([, value]) => value);
    const list = make("dl");
    for (const [name, value] of facts) list.append(make("dt", {}, [name]), make("dd", {}, [value]));
    byId("detail").replaceChildren(pill(level), list);
    byId("detail").hidden = false;
  }

  grid.addEventListener("scroll", () => requestAnimationFrame(paint), { passive: true });
  grid.addEventListener("keydown", (event) => {
    const page = Math.max(1, Math.floor(grid.clientHeight / rowHeight) - 1);
    const moves = {
      ArrowDown: chosen + 1,
      ArrowUp: chosen - 1,
      PageDown: chosen + page,
      PageUp: chosen - page,
      Home: 0,
      End: shown.length - 1,
    };
    if (event.key in moves) choose(moves[event.key]);
    else if (event.key === "Enter" || event.key === " ") showDetail();
    else if (event.key === "Escape") byId("detail").hidden = true;
    else return;
    event.preventDefault();
  });
  new ResizeObserver(() => paint()).observe(grid);

  // Counts by level are filters as well.
  for (const [index, level] of levels.entries()) {
    const count = data.counts[index];
    if (count) {
      const part = make("span", { "data-level": level });
      part.style.flexGrow = String(count);
      byId("share").append(part);
    }
    const button = make("button", { type: "button", "data-level": level, disabled: !count }, [
      icon(level),
      words[level],
      make("b", {}, [number.format(count)]),
      make("small", {}, [images ? wholePercent(count / images) : ""]),
    ]);
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => {
      if (!filter.levels.delete(index)) filter.levels.add(index);
      button.setAttribute("aria-pressed", String(filter.levels.has(index)));
      apply();
    });
    byId("levels").append(make("li", {}, [button]));
  }

  (function drawChances() {
    const [width, height, base] = [600, 190, 160];
    const most = Math.max(1, ...data.bins.map((bin) => bin.reduce((sum, count) => sum + count, 0)));
    const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-labelledby": "h-chances" });
    const step = width / data.bins.length;
    for (const [index, bin] of data.bins.entries()) {
      let top = base;
      for (const [level, count] of bin.entries()) {
        if (!count) continue;
        const tall = (count / most) * (base - 10);
        top -= tall;
        const bar = draw("rect", { x: index * step + 1, y: top, width: step - 2, height: tall, "data-level": levels[level] });
        const title = draw("title", {});
        const [from, to] = [index / data.bins.length, (index + 1) / data.bins.length];
        title.textContent = `${wholePercent(from)}–${wholePercent(to)}, ${words[levels[level]]}: ${number.format(count)}`;
        bar.append(title);
        svg.append(bar);
      }
    }
    svg.append(draw("line", { x1: 0, x2: width, y1: base, y2: base }));
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      const anchor = share === 0 ? "start" : share === 1 ? "end" : "middle";
      const label = draw("text", { x: share * width, y: base + 18, "text-anchor": anchor });
      label.textContent = wholePercent(share);
      svg.append(label);
    }
    byId("chances").append(svg);
  })();

  (function drawFolders() {
    const number_ = (value) => make("td", { className: "number" }, [value]);
    const heads = [words.folder, words.images, words.flagged].map((text, index) =>
      make("th", { scope: "col", className: index ? "number" : "" }, [text]),
    );
    const rows = data.folders.map(([folder, count, flagged]) => {
      const button = make("button", { type: "button" }, [folder || "."]);
      button.addEventListener("click", () => {
        filter.folder = folder;
        apply();
        byId("all").focus();
      });
      const share = count ? ` (${wholePercent(flagged / count)})` : "";
      return make("tr", {}, [
        make("th", { scope: "row" }, [button]),
        number_(number.format(count)),
        number_(number.format(flagged) + share),
      ]);
    });
    byId("folders").append(make("thead", {}, [make("tr", {}, heads)]), make("tbody", {}, rows));
    byId("folders-note").textContent =
      data.folders.length < data.folderCount
        ? say("folders_some", { shown: number.format(data.folders.length), total: number.format(data.folderCount) })
        : words.folders_note;
  })();

  (function drawSuspicious() {
    let drawn = 0;
    const more = () => {
      for (const card of data.suspicious.slice(drawn, drawn + 12)) byId("suspicious").append(drawCard(card));
      drawn += 12;
      byId("more").hidden = drawn >= data.suspicious.length;
    };
    byId("more").addEventListener("click", () => {
      const next = drawn;
      more();
      byId("suspicious").children[next]?.querySelector("h3")?.focus();
    });
    byId("suspicious-note").textContent = data.suspicious.length ? words.suspicious_note : words.suspicious_none;
    more();
  })();

  function drawCard(card) {
    const picture = card.picture
      ? make("figure", {}, [make("img", { src: card.picture, alt: "", loading: "lazy" })])
      : make("div", { className: "gone" }, [words.no_picture]);
    const chance = card.chance === null ? [] : [` ${words.chance} ${percent(card.chance)}`];
    const children = [
      picture,
      make("div", {}, [pill(card.level, card.label), ...chance]),
      make("h3", { tabIndex: -1 }, [card.name, make("small", {}, [card.folder])]),
    ];
    if (card.generators.length) children.push(make("p", {}, [`${words.generator}: ${card.generators.join(", ")}`]));
    children.push(make("ul", {}, card.evidence.map((text) => make("li", {}, [text]))));
    return make("li", {}, children);
  }

  byId("search").addEventListener("input", (event) => {
    filter.text = event.target.value;
    apply();
  });
  byId("sort").addEventListener("change", apply);
  byId("clear").addEventListener("click", () => {
    filter.levels.clear();
    filter.folder = null;
    filter.text = byId("search").value = "";
    for (const button of byId("levels").querySelectorAll("button")) button.setAttribute("aria-pressed", "false");
    apply();
    byId("search").focus();
  });
  byId("listed").hidden = data.listedAll;
  byId("listed").textContent = say("listed_some", { shown: number.format(total), total: number.format(images) });
  apply();
})();
