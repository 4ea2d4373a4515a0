import { button, element } from "./elements.js";
import type { Looker, Source } from "./source.js";

/** How long after an answer the next picture is looked at, in milliseconds. */
const PAUSE = 250;
/** Pixels of what is looked at, a side: the middle of what the camera sees. */
const SIDE = 480;

const FACING = { environment: "Rear", user: "Front" } as const;

/** Why there is no camera, by the names that browsers have for it. */
const REASONS: Readonly<Record<string, string>> = {
  NotAllowedError:
    "The camera was refused. Allow it for this page in the browser's settings, or choose a picture instead.",
  NotFoundError: "No camera was found. Connect one, or choose a picture instead.",
  OverconstrainedError: "This camera can't be had. Choose the other one, or choose a picture instead.",
  NotReadableError: "The camera is in use by another program. Close that, or choose a picture instead.",
};

/** What the camera sees, looked at again and again. */
export function camera(looker: Looker): Source {
  const video = element("video", {
    class: "picture",
    muted: "",
    playsinline: "",
    hidden: "",
    "aria-label": "What the camera sees",
  });
  const canvas = element("canvas", { width: String(SIDE), height: String(SIDE) });
  const context = canvas.getContext("2d", { willReadFrequently: true }) as CanvasRenderingContext2D;
  let stream: MediaStream | undefined;
  /** Which start it is: one that comes late is of no use any more. */
  let turn = 0;
  const start = button("Start the camera", () => void begin());
  const stop = button("Stop", () => end(), { hidden: "" });
  const choice = element("fieldset", { class: "row" }, element("legend", {}, "Camera"));
  for (const [facing, title] of Object.entries(FACING)) {
    const radio = element("input", { type: "radio", name: "facing", value: facing, id: facing });
    radio.checked = facing === "environment";
    radio.addEventListener("change", () => {
      if (stream) void begin();
    });
    choice.append(element("label", { for: facing }, radio, title));
  }
  const facing = () => choice.querySelector<HTMLInputElement>("input:checked")?.value ?? "environment";

  const end = () => {
    turn++;
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = undefined;
    video.srcObject = null;
    video.hidden = stop.hidden = true;
    start.hidden = false;
  };
  const begin = async () => {
    end();
    const mine = turn;
    if (!navigator.mediaDevices?.getUserMedia) {
      looker.complain("This browser gives pages like this one no camera. Choose a picture instead.");
      return;
    }
    try {
      const given = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: facing() },
        audio: false,
      });
      if (mine !== turn) {
        for (const track of given.getTracks()) track.stop();
        return;
      }
      stream = given;
      video.srcObject = given;
      video.classList.toggle("mirrored", facing() === "user");
      video.hidden = stop.hidden = false;
      start.hidden = true;
      await video.play();
      while (mine === turn) {
        look();
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
    } catch (error) {
      if (mine !== turn) return;
      end();
      const { name, message } = error as Error;
      looker.complain(
        REASONS[name] ?? `There is no picture from the camera (${message}). Choose a picture instead.`,
      );
    }
  };
  const look = () => {
    const { videoWidth: width, videoHeight: height } = video;
    if (width === 0 || document.hidden) return;
    const side = Math.min(width, height);
    context.drawImage(video, (width - side) / 2, (height - side) / 2, side, side, 0, 0, SIDE, SIDE);
    looker.look(context.getImageData(0, 0, SIDE, SIDE));
  };
  const panel = element(
    "div",
    {},
    choice,
    element("div", { class: "row" }, start, stop),
    element("div", { class: "square" }, video),
    element(
      "p",
      { class: "hint" },
      "What it sees stays on this device. Hold what is to be read into the middle, large and well lit.",
    ),
  );
  return { title: "Camera", panel, hidden: end };
}
