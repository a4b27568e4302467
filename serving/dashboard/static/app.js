// Pages are whole without this: it draws pictures from the numbers that stand beside them, and saves a click.
"use strict";

const root = document.documentElement;
const token = (name) => getComputedStyle(root).getPropertyValue(name).trim();

/* Colours in figures are names of the design's tokens, with "/45" for 45 % of one. */
const colour = (name, percent) => token(name) + (percent ? Math.round(percent * 2.55).toString(16).padStart(2, "0") : "");
const coloured = (said) => {
  if (typeof said === "string") return said.startsWith("--") ? colour(...said.split("/")) : said;
  if (Array.isArray(said)) return said.map(coloured);
  if (said && typeof said === "object") return Object.fromEntries(Object.entries(said).map(([key, value]) => [key, coloured(value)]));
  return said;
};

const axis = () => ({ gridcolor: token("--line"), zerolinecolor: token("--faint"), linecolor: token("--line"), automargin: true, fixedrange: true });

const layoutOf = (said, height) => {
  const own = coloured(said);
  const axes = Object.fromEntries(Object.keys({ xaxis: 0, yaxis: 0, ...own }).filter((key) => /^[xy]axis/.test(key)).map((key) => [key, { ...axis(), ...own[key] }]));
  return {
    height, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", hoverlabel: { align: "left" },
    font: { family: token("--sans"), size: 13, color: token("--ink") }, margin: { l: 8, r: 16, t: 8, b: 40 },
    showlegend: false, colorway: ["--series-1", "--series-2", "--series-3", "--series-4", "--series-5", "--series-6"].map(token),
    ...own, ...axes,
  };
};

const draw = (figure) => {
  const { name, data, layout } = JSON.parse(figure.querySelector("script").textContent);
  const plot = figure.querySelector(".plot");
  const height = parseInt(figure.style.getPropertyValue("--height"), 10);
  plot.hidden = false;
  figure.dataset.name = name;
  Plotly.react(plot, coloured(data), layoutOf(layout, height), { displayModeBar: false, responsive: true });
};

const charts = [...document.querySelectorAll("[data-chart]")];
const seen = new IntersectionObserver((entries) => {
  for (const entry of entries.filter((one) => one.isIntersecting)) {
    seen.unobserve(entry.target);
    draw(entry.target);
    entry.target.dataset.drawn = "";
  }
}, { rootMargin: "200px" });

for (const figure of charts) {
  figure.querySelector("[data-numbers]").open = false;
  figure.querySelector(".downloads").hidden = false;
  figure.querySelector(".plot").hidden = false;
  seen.observe(figure);
}
const drawAgain = () => charts.filter((figure) => "drawn" in figure.dataset).forEach(draw);

addEventListener("beforeprint", () => charts.forEach(draw));

document.addEventListener("click", (event) => {
  const picture = event.target.closest("[data-picture]");
  if (picture) {
    const figure = picture.closest("[data-chart]");
    if (!("drawn" in figure.dataset)) draw(figure);
    Plotly.downloadImage(figure.querySelector(".plot"), { format: picture.dataset.picture, filename: figure.dataset.name, scale: 2 });
  }
  const wanted = event.target.closest("[data-csv]");
  if (wanted) save(`${wanted.dataset.csv}.csv`, csvOf(wanted.closest("[data-table]").querySelector("table")));
});

/* In a report there is no server to ask: the table as it stands. */
const csvOf = (table) => [...table.rows].map((row) => [...row.cells].map((cell) => {
  const text = cell.innerText.trim();
  return `"${(/^[=+\-@]/.test(text) && isNaN(Number(text)) ? "'" : "") + text.replaceAll('"', '""')}"`;
}).join(",")).join("\r\n");

const save = (name, text) => {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(new Blob([text], { type: "text/csv" })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
};
document.querySelectorAll("[data-csv]").forEach((button) => { button.hidden = false; });

/* A choice asks at once; a choice out of steps becomes a slider. */
for (const form of document.querySelectorAll("[data-filters]")) {
  for (const select of form.querySelectorAll("[data-slider]")) {
    const slider = Object.assign(document.createElement("input"), { type: "range", min: 0, max: select.options.length - 1, value: select.selectedIndex });
    const said = document.createElement("output");
    const show = () => { said.textContent = select.options[slider.value].text; slider.setAttribute("aria-valuetext", said.textContent); };
    slider.addEventListener("input", () => { select.selectedIndex = Number(slider.value); show(); });
    slider.addEventListener("change", () => form.requestSubmit());
    select.hidden = true;
    select.after(slider, said);
    show();
  }
  form.addEventListener("change", (event) => { if (event.target.matches("select")) form.requestSubmit(); });
  // What is left open is no part of the address.
  form.addEventListener("submit", () => form.querySelectorAll("[name]").forEach((field) => { field.disabled = field.value === ""; }));
}
addEventListener("pageshow", () => document.querySelectorAll("[data-filters] [name]").forEach((field) => { field.disabled = false; }));

const themes = document.querySelector("[data-theme-button]");
if (themes) {
  const name = () => { themes.textContent = root.dataset.theme === "dark" ? "Light" : "Dark"; };
  themes.hidden = false;
  name();
  themes.addEventListener("click", () => {
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* it is forgotten, then */ }
    name();
    drawAgain();
  });
}
root.dataset.ready = "";
