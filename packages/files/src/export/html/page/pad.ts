import { button, element } from "./elements.js";
import type { Looker, Source } from "./source.js";

/** Pixels of the drawing, a side. */
const SIDE = 280;
/** How wide a stroke is: as wide as MNIST's when the drawing fills the pad. */
const STROKE = 20;
/** How far an arrow key moves the pen. */
const STEP = 10;

const MOVES: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-STEP, 0],
  ArrowRight: [STEP, 0],
  ArrowUp: [0, -STEP],
  ArrowDown: [0, STEP],
};

/** Paper to draw on with the mouse, a finger, a pen or the keyboard. */
export function drawingPad(looker: Looker): Source {
  const canvas = element("canvas", {
    width: String(SIDE),
    height: String(SIDE),
    class: "paper",
    tabindex: "0",
    role: "application",
    "aria-label": "Drawing pad",
    "aria-describedby": "pad-help",
  });
  const cursor = element("div", { class: "cursor", hidden: "", "aria-hidden": "true" });
  const context = canvas.getContext("2d", { willReadFrequently: true }) as CanvasRenderingContext2D;
  let [x, y] = [SIDE / 2, SIDE / 2];
  let isDown = false;
  let isEmpty = true;
  let waits = false;

  const look = () => {
    if (waits) return;
    waits = true;
    requestAnimationFrame(() => {
      waits = false;
      if (!isEmpty) looker.look(context.getImageData(0, 0, SIDE, SIDE));
    });
  };
  const moveTo = (toX: number, toY: number) => {
    if (isDown) {
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(toX, toY);
      context.stroke();
      isEmpty = false;
      look();
    }
    [x, y] = [toX, toY];
    cursor.style.left = `${(100 * x) / SIDE}%`;
    cursor.style.top = `${(100 * y) / SIDE}%`;
  };
  const clear = () => {
    Object.assign(context, {
      fillStyle: "#fff",
      strokeStyle: "#111",
      lineWidth: STROKE,
      lineCap: "round",
      lineJoin: "round",
    });
    context.fillRect(0, 0, SIDE, SIDE);
    isEmpty = true;
    looker.forget();
  };
  const placeOf = ({ clientX, clientY }: PointerEvent): [number, number] => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    return [((clientX - left) * SIDE) / width, ((clientY - top) * SIDE) / height];
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    cursor.hidden = true;
    [x, y] = placeOf(event);
    isDown = true;
    moveTo(x, y);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!canvas.hasPointerCapture(event.pointerId)) return;
    for (const part of event.getCoalescedEvents?.() ?? []) moveTo(...placeOf(part));
    moveTo(...placeOf(event));
  });
  canvas.addEventListener("lostpointercapture", () => {
    isDown = false;
  });
  canvas.addEventListener("keydown", (event) => {
    const move = MOVES[event.key];
    if (event.key !== " " && move === undefined) return;
    event.preventDefault();
    cursor.hidden = false;
    if (event.key === " ") {
      isDown = !isDown;
      cursor.classList.toggle("down", isDown);
    }
    const [right, down] = move ?? [0, 0];
    const within = (place: number) => Math.max(0, Math.min(SIDE, place));
    moveTo(within(x + right), within(y + down));
  });
  canvas.addEventListener("blur", () => {
    isDown = false;
    cursor.hidden = true;
    cursor.classList.remove("down");
  });
  clear();
  const help = element(
    "p",
    { id: "pad-help", class: "hint" },
    "Draw here, large and in the middle.",
    element(
      "span",
      { class: "keys" },
      " With the keyboard: arrow keys move the pen, Space puts it down and lifts it.",
    ),
  );
  const panel = element(
    "div",
    {},
    element("div", { class: "pad" }, canvas, cursor),
    element("div", { class: "row" }, button("Clear", clear), help),
  );
  return { title: "Draw", panel, shown: look };
}
