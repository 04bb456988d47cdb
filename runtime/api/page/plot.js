// @ts-check
// A small drawing of the last minutes: a line, or bars where there is something now and then. Knows no units.

import { draw } from "./elements.js";

const WIDTH = 300;
const HEIGHT = 64;
const EDGE = 3;

/**
 * @param {(number | null)[]} values the oldest first; null where nothing was measured
 * @param {{label: string, room: number, bars?: boolean, floor?: number}} how `room`: for so many values; `floor`: the lowest drawn
 */
export function plot(values, { label, room, bars = false, floor }) {
  const there = values.filter((each) => each !== null);
  const low = Math.min(floor ?? Infinity, ...there);
  const high = Math.max(...there, low + 1);
  const y = (value) => HEIGHT - EDGE - ((value - low) / (high - low)) * (HEIGHT - 2 * EDGE);
  const x = (at) => ((room - values.length + at) / (room - 1)) * WIDTH;
  const drawn = draw("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": label, class: "plot",
  });
  if (!there.length) return drawn;
  if (bars) drawn.append(...sticks(values, x, y, low));
  else for (const run of runs(values)) drawn.append(...line(run, x, y));
  return drawn;
}

function* sticks(values, x, y, low) {
  for (const [at, value] of values.entries()) {
    if (value !== null) yield draw("path", { class: "stick", d: `M${x(at)} ${y(low)}V${y(value)}` });
  }
}

/** Measured one after the other, without a gap. @returns {Iterable<[number, number][]>} */
function* runs(values) {
  /** @type {[number, number][]} */
  let run = [];
  for (const [at, value] of [...values.entries(), [0, null]]) {
    if (value !== null) run.push([at, value]);
    else if (run.length) {
      yield run;
      run = [];
    }
  }
}

function line(run, x, y) {
  const points = run.map(([at, value]) => `${x(at).toFixed(1)} ${y(value).toFixed(1)}`);
  const [first, last] = [x(run[0][0]), x(run[run.length - 1][0])];
  return [
    draw("path", { class: "area", d: `M${first} ${HEIGHT}L${points.join("L")}L${last} ${HEIGHT}Z` }),
    draw("path", { class: "line", d: `M${points.join("L")}` }),
  ];
}
