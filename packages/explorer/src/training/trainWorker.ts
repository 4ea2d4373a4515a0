import {
  borrowWorkers,
  countOf,
  DivergedError,
  FailureError,
  firstOf,
  InputError,
  type NamedTensors,
  type StartWorker,
} from "unravel-cnn";
import { type DataRequest, type Images, loadImages } from "./data.js";
import type { About, Progress, Request, Response, TrainedPiece, Until } from "./messages.js";
import { Session } from "./session.js";
import { type Settings, titleOf } from "./settings.js";

/*
 * Trains beside the page's own thread, in pieces: between them it hears what the page wants.
 */

/** How often the page is told where the training stands. */
const REPORT_MS = 200;
/** How often it is looked at what was learnt, besides the ends of epochs. */
const LOOK_MS = 1500;
/**
 * How often the page is given all that it takes to go on, while it trains: it keeps it, and together with the time that this
 * takes there should not be more than two seconds between two of them.
 */
const KEEP_MS = 1500;
/** Over about so long the speed is averaged. */
const SPEED_MS = 1000;

let startWorker: StartWorker | undefined;
let session: Session | undefined;
/** The images that were asked for last. */
let kept: { readonly key: string; readonly images: number; readonly all: Images } | undefined;
/** How far the training is to go; undefined: it pauses. */
let until: Until | undefined;
let working = false;
let weightsWanted = false;
/** Asked for; sent between two pieces, when nothing changes. */
let stateWanted = false;
/** Steps that the weights which were sent last came after. */
let weightsSent = -1;

function send(response: Response, transfer: Transferable[] = []): void {
  self.postMessage(response, { transfer });
}

/** What is asked is done one after the other; a pause is heard at once. */
let last: Promise<void> = Promise.resolve();

function enqueue(why: "refused" | "died", work: () => Promise<void>): void {
  last = last.then(() => attempt(why, work));
}

self.onmessage = ({ data }: MessageEvent<Request>) => {
  switch (data.type) {
    case "workers":
      startWorker = borrowWorkers(data.port);
      return;
    case "open":
      until = undefined; // what is trained on now ends first
      enqueue("refused", () => open(data));
      return;
    case "run":
      until = data.until;
      if (!working) enqueue("died", run);
      working = true;
      return;
    case "pause":
      until = undefined;
      return;
    case "weights":
      weightsWanted = true;
      if (!working) sendWeights();
      return;
    case "state":
      stateWanted = true;
      if (!working) enqueue("died", sendStateIfWanted);
      return;
  }
};

async function attempt(why: "refused" | "died", work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    until = undefined;
    const known = error instanceof InputError || error instanceof FailureError;
    const message = known ? error.message : `It failed: ${(error as Error).message}.`;
    const diverged = error instanceof DivergedError;
    send({ type: "failed", why: diverged ? "diverged" : why, message });
    if (diverged) sendWeights(true);
  }
}

async function open({ settings, data, threads, state }: Extract<Request, { type: "open" }>): Promise<void> {
  await session?.close();
  session = undefined;
  const images = await imagesFor(data);
  send({ type: "building" });
  const onNotice = (sentence: string) => send({ type: "notice", sentence });
  const current = await Session.open(settings, images, { threads, startWorker, state, onNotice });
  const about = await aboutOf(current, settings, images);
  weightsSent = current.training.steps;
  weightsWanted = false;
  const parameters = current.engine.parameters();
  session = current;
  send({ type: "ready", about, progress: progressOf(current), parameters });
  await sendState(current);
  await look(current);
}

/** The same images again take no time. */
async function imagesFor(data: DataRequest): Promise<Images> {
  const { name, folder, filesId, images } = data;
  const key = JSON.stringify([name, folder, filesId]);
  if (kept?.key !== key || kept.images < images) {
    kept = undefined;
    send({ type: "loading", doing: "Getting the images", share: 0 });
    const all = await loadImages(data, {
      onProgress: throttled((doing, share) => send({ type: "loading", doing, share })),
    });
    kept = { key, images, all };
  }
  return { ...kept.all, train: firstOf(kept.all.train, images) };
}

async function aboutOf(current: Session, settings: Settings, { train, test }: Images): Promise<About> {
  const { training, engine } = current;
  const { train: trained, validation } = training.data;
  return {
    title: titleOf(settings),
    spec: engine.model.spec,
    data: train.name,
    images: countOf(trained),
    validation: validation ? countOf(validation) : 0,
    test: countOf(test),
    batchSize: training.settings.batchSize,
    stepsPerEpoch: training.stepsPerEpoch,
    epochs: training.epochs,
    optimizer: training.settings.optimizer,
    learningRate: training.settings.learningRate,
    threads: engine.threads,
    strict: engine.strict,
    peak: await current.peak(),
  };
}

/** Trains until it is told to pause, or has come as far as it was to. */
async function run(): Promise<void> {
  try {
    while (session !== undefined && until !== undefined && !session.training.done) {
      if (until === "step") await oneStep(session);
      else await manySteps(session, until);
    }
  } finally {
    working = false;
    enqueue("died", sendStateIfWanted);
  }
}

async function oneStep(current: Session): Promise<void> {
  until = undefined;
  const record = await current.step();
  const { step, loss, correct, labels } = record;
  report(current, { pieces: [{ step, loss, accuracy: correct / labels.length }] });
  const images = record.images.buffer as ArrayBuffer;
  send({ type: "step", record }, [images]);
  await sendState(current);
  await look(current);
}

async function manySteps(current: Session, goal: "end" | "epoch"): Promise<void> {
  const { training } = current;
  const { epoch } = training;
  const recent: { images: number; seconds: number }[] = [];
  let pieces: TrainedPiece[] = [];
  let reported = performance.now();
  let looked = reported;
  let kept = reported;
  const tell = () => {
    const seconds = recent.reduce((sum, one) => sum + one.seconds, 0);
    report(current, {
      pieces,
      imagesPerSecond: recent.reduce((sum, one) => sum + one.images, 0) / seconds,
    });
    pieces = [];
    reported = performance.now();
  };
  const isThere = () => training.done || (goal === "epoch" && training.epoch > epoch);
  while (until === goal && !isThere()) {
    const { totals, seconds } = await current.advance();
    recent.push({ images: totals.images, seconds });
    while (recent.slice(1).reduce((sum, one) => sum + one.seconds, 0) > SPEED_MS / 1000) recent.shift();
    const { steps, images, loss, correct } = totals;
    const step = training.steps - (steps - 1) / 2;
    pieces.push({ step, loss: loss / images, accuracy: correct / images });
    const now = performance.now();
    if (now - reported >= REPORT_MS) tell();
    const epochEnded = training.steps % training.stepsPerEpoch === 0;
    if (weightsWanted) sendWeights();
    if (stateWanted || now - kept >= KEEP_MS) {
      tell(); // the curves are kept with it
      await sendState(current);
      kept = now;
    }
    if (!isThere() && (epochEnded || now - looked >= LOOK_MS)) {
      await look(current);
      looked = performance.now();
    }
  }
  if (isThere()) until = undefined;
  tell();
  await sendState(current);
  sendWeights(true);
  await look(current);
}

function report(current: Session, recent: Partial<Progress>): void {
  send({ type: "progress", progress: { ...progressOf(current), ...recent } });
}

function progressOf(session: Session): Progress {
  const place = session.place();
  return { running: until !== undefined && !place.done, ...place };
}

/** At the images set aside; when the training is over, at the test images, too. */
async function look(current: Session): Promise<void> {
  const { steps } = current.training;
  for (const on of ["validation", "test"] as const) {
    const seen = await current.look(on);
    if (seen) send({ type: "look", steps, look: seen });
  }
}

/** Sends the weights if they are others than before. */
function sendWeights(always = false): void {
  if (session === undefined) return;
  const { steps } = session.training;
  if (!always && steps === weightsSent) return;
  weightsWanted = false;
  weightsSent = steps;
  const parameters = session.engine.parameters();
  send({ type: "weights", steps, parameters }, buffersOf(parameters));
}

async function sendState({ training }: Session): Promise<void> {
  stateWanted = false;
  const state = await training.state();
  send({ type: "state", state }, [state.parameters, ...state.memory].flatMap(buffersOf));
}

async function sendStateIfWanted(): Promise<void> {
  if (stateWanted && session) await sendState(session);
}

/** To be moved to the page, not copied. */
function buffersOf(tensors: NamedTensors): ArrayBuffer[] {
  return Object.values(tensors).map(({ data }) => data.buffer as ArrayBuffer);
}

/** Not more often than other reports. */
function throttled(tell: (doing: string, share: number) => void): (doing: string, share: number) => void {
  let told = 0;
  return (doing, share) => {
    const now = performance.now();
    if (now - told < REPORT_MS) return;
    told = now;
    tell(doing, share);
  };
}
