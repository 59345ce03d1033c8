// Draws a chart above every table that asks for one. The table holds the figures and stays on the page.
//
//   <figure class="app-chart" data-chart="bar" data-title="Attempts by week"> <table>…</table> </figure>
//
// data-chart: bar, stacked, line. The first column holds the labels, each further column is a series named by its
// heading. Numbers may have thousands separators; an empty cell is a gap.
import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  Legend,
  LineController,
  LineElement,
  LinearScale,
  PointElement,
  Tooltip,
} from "chart.js";

Chart.register(
  BarController,
  BarElement,
  CategoryScale,
  Legend,
  LineController,
  LineElement,
  LinearScale,
  PointElement,
  Tooltip,
);

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const seriesColour = (index) => colour(`--app-chart-${(index % 6) + 1}`);
const numberOf = (cell) => {
  const text = (cell?.textContent ?? "").replace(/[,\s]/g, "");
  return text === "" ? null : Number.parseFloat(text);
};

function figuresOf(table) {
  const headings = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
  const rows = [...table.tBodies[0].rows];
  return {
    labels: rows.map((row) => row.cells[0].textContent.trim()),
    series: headings.slice(1).map((label, index) => ({
      label,
      values: rows.map((row) => numberOf(row.cells[index + 1])),
    })),
  };
}

function draw(figure) {
  const table = figure.querySelector("table");
  if (!table?.tHead || !table.tBodies.length) return null;
  const { labels, series } = figuresOf(table);
  const kind = figure.dataset.chart;
  const frame = document.createElement("div");
  frame.className = "app-chart__canvas";
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `Chart: ${figure.dataset.title ?? ""}. The table below has the same figures.`);
  frame.append(canvas);
  figure.prepend(frame);
  const text = colour("--govuk-text-colour");
  const grid = colour("--govuk-border-colour");
  const axis = (more) => ({ ticks: { color: text }, grid: { color: grid }, stacked: kind === "stacked", ...more });
  return new Chart(canvas, {
    type: kind === "line" ? "line" : "bar",
    data: {
      labels,
      datasets: series.map(({ label, values }, index) => ({
        label,
        data: values,
        backgroundColor: seriesColour(index),
        borderColor: seriesColour(index),
        borderWidth: kind === "line" ? 2 : 0,
      })),
    },
    options: {
      animation: false,
      maintainAspectRatio: false,
      responsive: true,
      scales: { x: axis(), y: axis({ beginAtZero: true }) },
      plugins: { legend: { display: series.length > 1, labels: { color: text } } },
    },
  });
}

let charts = [];
function drawAll() {
  for (const chart of charts) {
    const frame = chart.canvas.parentElement;
    chart.destroy();
    frame.remove();
  }
  charts = [...document.querySelectorAll("[data-chart]")].map(draw).filter(Boolean);
}

drawAll();
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
window.addEventListener("beforeprint", () => charts.forEach((chart) => chart.resize()));
