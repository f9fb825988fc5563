const dark = matchMedia("(prefers-color-scheme: dark)");
const options = { renderer: "svg", actions: { export: true, source: false, compiled: false, editor: false } };
const views = new Map();
let wave = 0;

async function draw(figure, theme) {
  const place = figure.querySelector(".chart");
  const specification = JSON.parse(figure.querySelector("script").textContent);
  const drawn = await vegaEmbed(place, specification, { ...options, config: THEMES[theme] });
  views.get(figure)?.finalize();
  views.set(figure, drawn);
}

async function drawAll() {
  const mine = ++wave;
  const theme = dark.matches ? "dark" : "light";
  document.documentElement.dataset.theme = theme;
  const figures = [...document.querySelectorAll("main figure")];
  const folded = (figure) => figure.closest("details:not([open])") !== null;
  for (const figure of [...figures.filter((one) => !folded(one)), ...figures.filter(folded)]) {
    if (mine !== wave) return; // the theme has changed meanwhile
    try {
      await draw(figure, theme);
    } catch (error) {
      figure.querySelector(".chart").textContent = `This chart could not be drawn: ${error}`;
      console.error(figure.id, error);
    }
    await new Promise((done) => setTimeout(done)); // let the reader scroll
  }
  document.documentElement.dataset.drawn = theme;
}

addEventListener("beforeprint", () => document.querySelectorAll("main details").forEach((one) => (one.open = true)));
dark.addEventListener("change", drawAll);
drawAll();
