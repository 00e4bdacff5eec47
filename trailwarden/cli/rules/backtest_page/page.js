"use strict";
(() => {
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function themed({ data, layout }) {
    const colours = colour("--colours").split(" ");
    const axis = { gridcolor: colour("--line"), linecolor: colour("--line"), zerolinecolor: colour("--line") };
    return {
      data: data.map((trace, number) => trace.type === "heatmap"
        ? { ...trace, colorscale: [[0, colour("--none")], [0.001, colour("--bar")], [1, colour("--accent")]] }
        : { ...trace, marker: { color: colours[number % colours.length] } }),
      layout: {
        ...layout,
        font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: colour("--muted") },
        hoverlabel: { bgcolor: colour("--panel"), bordercolor: colour("--line"), font: { color: colour("--ink") } },
        xaxis: { ...layout.xaxis, ...axis },
        yaxis: { ...layout.yaxis, ...axis },
      },
    };
  }

  function draw() {
    for (const [name, chart] of Object.entries(charts)) {
      const { data, layout } = themed(chart);
      Plotly.react(name, data, layout, { responsive: true, displayModeBar: false });
    }
  }

  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  for (const moment of ["beforeprint", "afterprint"]) addEventListener(moment, draw);
})();
