/**
 * A page on which visitors train a network on pictures of their own, and try it. In a clone of unravel, after `npm ci` and
 * `npm run compile`:
 *
 *     npx vite examples/own-images
 */
import { lendWorkers } from "unravel-cnn";
import { filesIn } from "./dropped.js";
import "./picture-classifier.js";

const element = (id) => document.getElementById(id);
const [drop, folder, progress, status, save] = ["drop", "folder", "progress", "status", "save"].map(element);
const classifier = document.querySelector("picture-classifier");
let stop = () => {};

/** Trains in a worker. The engine's own workers are started here: in Firefox, a worker that starts a worker may hang. */
function train(files) {
  stop(); // a training that is still at work
  const worker = new Worker(new URL("./training.js", import.meta.url), { type: "module" });
  const workers = lendWorkers();
  stop = () => {
    worker.terminate();
    workers.end();
  };
  worker.onmessage = ({ data: { share, message, model } }) => {
    progress.hidden = share === undefined;
    if (share !== undefined) progress.value = share;
    status.textContent = message;
    if (share === undefined) stop();
    if (model === undefined) return;
    save.href = URL.createObjectURL(new Blob([model]));
    classifier.setAttribute("model", save.href);
    save.hidden = classifier.hidden = false;
  };
  worker.onerror = ({ message }) => worker.onmessage({ data: { message: `The training ended: ${message}` } });
  worker.postMessage({ files, port: workers.port }, [workers.port]);
}

folder.onchange = () => train(Array.from(folder.files, (file) => ({ file, path: file.webkitRelativePath })));

drop.ondragover = (event) => event.preventDefault();
drop.ondragenter = drop.ondragleave = ({ type }) => drop.classList.toggle("over", type === "dragenter");
drop.ondrop = async (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  const entries = Array.from(event.dataTransfer.items, (item) => item.webkitGetAsEntry()).filter(Boolean);
  train((await Promise.all(entries.map(filesIn))).flat());
};
