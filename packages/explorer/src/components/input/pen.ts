import { PAD, type Stroke } from "../../state/drawing.js";

/** What is told of a pen on a pad. */
export interface PenEvents {
  /** Where a stroke begins. */
  begin(stroke: Stroke): void;
  /** The same stroke, longer; at most once a frame. */
  extend(stroke: Stroke): void;
}

/** Makes strokes of what mouse, finger or pen do on a canvas, in the pad's units. */
export function pen({ begin, extend }: PenEvents) {
  return (canvas: HTMLCanvasElement): (() => void) => {
    /** The points of the stroke that is being drawn; new ones wait in it for the next frame. */
    let stroke: number[] | undefined;
    let waits = false;
    /** Where the pad is, while a stroke is drawn. */
    let place: DOMRect;

    const pointOf = (event: PointerEvent): [number, number] => {
      const { left, top, width, height } = place;
      const inside = (share: number) => Math.min(PAD - 1, Math.max(0, Math.round(share * PAD)));
      return [inside((event.clientX - left) / width), inside((event.clientY - top) / height)];
    };
    const start = (event: PointerEvent) => {
      if (event.button !== 0 || stroke) return;
      event.preventDefault();
      canvas.setPointerCapture(event.pointerId);
      place = canvas.getBoundingClientRect();
      stroke = pointOf(event);
      begin([...stroke]);
    };
    const go = (event: PointerEvent) => {
      if (!stroke) return;
      const all = event.getCoalescedEvents?.() ?? [];
      for (const point of all.length > 0 ? all : [event]) {
        const [x, y] = pointOf(point);
        const [lastX, lastY] = stroke.slice(-2);
        if (Math.abs(x - lastX) + Math.abs(y - lastY) >= 2) stroke.push(x, y);
      }
      if (waits) return;
      waits = true;
      requestAnimationFrame(() => {
        waits = false;
        if (stroke) extend([...stroke]);
      });
    };
    const end = () => {
      if (stroke) extend([...stroke]);
      stroke = undefined;
    };
    const handlers = { pointerdown: start, pointermove: go, pointerup: end, pointercancel: end };
    const all = Object.entries(handlers) as [string, EventListener][];
    for (const [name, handler] of all) canvas.addEventListener(name, handler);
    return () => {
      for (const [name, handler] of all) canvas.removeEventListener(name, handler);
    };
  };
}
