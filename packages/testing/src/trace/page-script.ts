// What the page of a trace does: it shows one step of the session, and goes from step to step. Plain JavaScript for browsers.

export const pageScript = `
"use strict";
const { steps } = JSON.parse(document.getElementById("trace").textContent);
const dialogue = document.getElementById("dialogue");
const slider = document.getElementById("slider");
const playing = document.getElementById("play");
const boxes = new Map([...document.querySelectorAll("#chart g[data-path]")].map((box) => [box.dataset.path, box]));
const move = document.getElementById("move");
let timer;

const rows = steps.map(({ kind, text, at }, index) => {
  const row = document.createElement("li");
  const time = document.createElement("time");
  const words = document.createElement("span");
  time.textContent = (at / 1000).toFixed(3);
  words.textContent = text;
  row.className = kind;
  row.title = text.length > 80 ? text : "";
  row.append(time, words);
  row.addEventListener("click", () => go(index));
  dialogue.append(row);
  return row;
});

function around(path) {
  const names = path.split(".");
  return names.slice(1).map((_, index) => names.slice(0, index + 1).join("."));
}

function middle(path) {
  const box = boxes.get(path)?.querySelector("rect")?.getBBox();
  return box && { x: box.x + box.width / 2, y: box.y + box.height / 2, height: box.height };
}

/** An arrow from where the session was last to where it is. */
function draw(from, to) {
  const [start, end] = [middle(from), middle(to)];
  if (from === to || !start || !end) return move.removeAttribute("d");
  const down = Math.sign(end.y - start.y) || -1;
  const [y1, y2] = [start.y + (down * start.height) / 2, end.y - (down * end.height) / 2];
  const bend = Math.max(14, Math.abs(y2 - y1) / 2) * down;
  if (start.y === end.y) {
    const top = start.y - start.height / 2;
    move.setAttribute("d", \`M\${start.x},\${top} C\${start.x},\${top - 20} \${end.x},\${top - 20} \${end.x},\${top - 3}\`);
  } else {
    move.setAttribute("d", \`M\${start.x},\${y1} C\${start.x},\${y1 + bend} \${end.x},\${y2 - bend} \${end.x},\${y2 - 3 * down}\`);
  }
}

function go(index) {
  const here = Math.max(0, Math.min(steps.length - 1, index));
  const { state, at } = steps[here];
  const passed = new Set(steps.slice(0, here).map((step) => step.state));
  const holders = new Set(around(state));
  for (const [path, box] of boxes) {
    box.classList.toggle("passed", passed.has(path) && path !== state);
    box.classList.toggle("around", holders.has(path));
    box.classList.toggle("now", path === state);
  }
  rows.forEach((row, place) => {
    row.classList.toggle("here", place === here);
    row.classList.toggle("later", place > here);
    if (place === here) row.setAttribute("aria-current", "step");
    else row.removeAttribute("aria-current");
  });
  rows[here].scrollIntoView({ block: "center" });
  const before = steps.slice(0, here).findLast((step) => step.state !== state);
  draw(here > 0 && steps[here - 1].state !== state ? before?.state : state, state);
  const box = boxes.get(state);
  document.getElementById("state").textContent = state;
  document.getElementById("rfc").textContent = box?.dataset.rfc ?? "";
  document.getElementById("description").textContent = box?.dataset.description ?? "";
  slider.value = String(here);
  slider.setAttribute("aria-valuetext", steps[here].text);
  document.getElementById("place").textContent = \`\${here + 1} of \${steps.length} · \${(at / 1000).toFixed(3)} s\`;
}

function stop() {
  clearInterval(timer);
  timer = undefined;
  playing.textContent = "Play";
}

function play() {
  if (timer !== undefined) return stop();
  if (Number(slider.value) === steps.length - 1) go(0);
  playing.textContent = "Pause";
  timer = setInterval(() => {
    go(Number(slider.value) + 1);
    if (Number(slider.value) === steps.length - 1) stop();
  }, 450);
}

const keys = {
  ArrowLeft: () => go(Number(slider.value) - 1),
  ArrowUp: () => go(Number(slider.value) - 1),
  ArrowRight: () => go(Number(slider.value) + 1),
  ArrowDown: () => go(Number(slider.value) + 1),
  PageUp: () => go(Number(slider.value) - 10),
  PageDown: () => go(Number(slider.value) + 10),
  Home: () => go(0),
  End: () => go(steps.length - 1),
  " ": play,
};

document.addEventListener("keydown", (event) => {
  const act = event.ctrlKey || event.altKey || event.metaKey ? undefined : keys[event.key];
  if (act === undefined) return;
  event.preventDefault();
  if (event.key !== " ") stop();
  act();
});
slider.max = String(steps.length - 1);
slider.addEventListener("input", () => (stop(), go(Number(slider.value))));
playing.addEventListener("click", play);
document.getElementById("back").addEventListener("click", keys.ArrowLeft);
document.getElementById("on").addEventListener("click", keys.ArrowRight);
go(Number(location.hash.slice(1)) || 0);
`;
