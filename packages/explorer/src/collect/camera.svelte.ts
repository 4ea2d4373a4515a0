import { keptPixels } from "./pictures.js";

/** Why there is no camera. */
export type CameraProblem = "refused" | "none" | "busy" | "unknown";

const PROBLEMS: Readonly<Record<string, CameraProblem>> = {
  NotAllowedError: "refused",
  SecurityError: "refused",
  NotFoundError: "none",
  OverconstrainedError: "none",
  NotReadableError: "busy",
  AbortError: "busy",
};

/** Which cameras there are to choose from: by where a phone has them, or by their names. */
export type CameraChoice =
  | { readonly by: "facing"; readonly value: "user" | "environment" }
  | { readonly by: "device"; readonly value: string; readonly label: string };

/** Side of the square that is looked at, in pixels. */
const SIDE = 256;

/** A camera of this device, while it is on. What it sees stays in the page. */
export class Camera {
  stream = $state.raw<MediaStream>();
  problem = $state<CameraProblem>();
  /** Empty: there is only one, or they aren't known before one was on. */
  choices = $state.raw<readonly CameraChoice[]>([]);
  /** The one of them that is on, or was on last. */
  chosen = $state.raw<CameraChoice>();
  /** Whether it looks at who sits before the screen. */
  isFront = $state(true);
  /** Which start it is: one that comes late is of no use any more. */
  #turn = 0;
  readonly #context: CanvasRenderingContext2D;

  constructor() {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = SIDE;
    this.#context = canvas.getContext("2d", { willReadFrequently: true }) as CanvasRenderingContext2D;
  }

  /** Asks for a camera, the one that was chosen if one was; if that isn't there any more, for any. */
  async start(choice = this.chosen): Promise<void> {
    this.stop();
    const mine = this.#turn;
    this.problem = undefined;
    this.chosen = choice;
    if (!navigator.mediaDevices?.getUserMedia) {
      this.problem = "none"; // a page that came over an unsafe line has no camera
      return;
    }
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: wish(choice), audio: false });
      if (mine !== this.#turn) return stopAll(stream);
      const [track] = stream.getVideoTracks();
      track.addEventListener("ended", () => {
        if (this.stream === stream) this.stop(); // unplugged
      });
      const settings = track.getSettings();
      this.isFront = settings.facingMode !== "environment";
      this.stream = stream;
      await this.#look(mine, choice, settings);
    } catch (error) {
      if (mine !== this.#turn) return;
      const problem = PROBLEMS[(error as Error).name] ?? "unknown";
      if (problem === "none" && choice) {
        this.chosen = undefined;
        return this.start();
      }
      this.problem = problem;
      await this.#look(mine, choice, {}); // another may be free
    }
  }

  /** Which cameras there are, and which of them is on. Those of one side are one, as long as the side that was asked for came. */
  async #look(turn: number, asked: CameraChoice | undefined, on: MediaTrackSettings): Promise<void> {
    const cameras = (await navigator.mediaDevices.enumerateDevices()).filter(
      ({ kind, label }) => kind === "videoinput" && label !== "",
    );
    if (turn !== this.#turn) return;
    const bySide =
      on.facingMode !== undefined &&
      (asked === undefined || (asked.by === "facing" && asked.value === on.facingMode));
    const choices: readonly CameraChoice[] = bySide
      ? (["user", "environment"] as const).map((value) => ({ by: "facing", value }))
      : cameras.map(({ deviceId: value, label }) => ({ by: "device", value, label }));
    this.choices = cameras.length < 2 ? [] : choices;
    const isOn = ({ value }: CameraChoice) => value === (bySide ? on.facingMode : on.deviceId);
    this.chosen = this.choices.find(isOn);
  }

  stop(): void {
    this.#turn += 1;
    if (this.stream) stopAll(this.stream);
    this.stream = undefined;
  }

  /** The middle of what a video shows now, as pictures are kept; undefined while it shows nothing. */
  pixels(video: HTMLVideoElement): Uint8Array | undefined {
    const { videoWidth: width, videoHeight: height } = video;
    if (!this.stream || width === 0 || height === 0) return undefined;
    const side = Math.min(width, height);
    const [left, top] = [(width - side) / 2, (height - side) / 2];
    this.#context.drawImage(video, left, top, side, side, 0, 0, SIDE, SIDE);
    return keptPixels(this.#context.getImageData(0, 0, SIDE, SIDE));
  }
}

function wish(choice: CameraChoice | undefined): MediaTrackConstraints {
  const size = { width: { ideal: 640 }, height: { ideal: 480 } };
  if (choice?.by === "device") return { ...size, deviceId: { exact: choice.value } };
  return { ...size, facingMode: choice?.value ?? "user" };
}

function stopAll(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
