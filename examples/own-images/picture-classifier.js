/**
 * <picture-classifier model="photos.safetensors"></picture-classifier>
 *
 * Says what is in a picture that one chooses, or that `classify(blob)` gets; `answer` is the event with what it said.
 */
import { createEngine, parseModel, predict, preparePicture } from "unravel-cnn";
import { pixelsOf } from "unravel-files";

class PictureClassifier extends HTMLElement {
  static observedAttributes = ["model"];
  #engine;
  #input = Object.assign(document.createElement("input"), { type: "file", accept: "image/*" });
  #said = document.createElement("output");

  connectedCallback() {
    const label = document.createElement("label");
    label.append("What is in this picture? ", this.#input);
    this.replaceChildren(label, this.#said);
    this.#said.style.display = "block";
    this.#input.onchange = () => this.classify(this.#input.files[0]).catch(() => {});
  }

  async attributeChangedCallback(_, before, url) {
    const old = this.#engine;
    if (url !== before) this.#engine = url === null ? undefined : load(url);
    this.#engine?.catch((error) => (this.#said.textContent = error.message));
    if (old !== this.#engine) (await old?.catch(() => {}))?.close();
  }

  /** The classes and their probabilities, the most probable first. */
  async classify(blob) {
    try {
      const engine = await this.#engine;
      if (!engine) throw new Error("There is no model yet.");
      const { input } = preparePicture(engine.model, await pixelsOf(blob));
      const [{ probabilities }] = await predict(engine, input);
      const answers = engine.model.classes.map((name, k) => ({ class: name, probability: probabilities[k] }));
      answers.sort((a, b) => b.probability - a.probability);
      const said = answers.map((one) => `${one.class} ${(100 * one.probability).toFixed(1)}%`);
      this.#said.textContent = said.slice(0, 3).join(", ");
      this.dispatchEvent(new CustomEvent("answer", { detail: answers }));
      return answers;
    } catch (error) {
      this.#said.textContent = error.message;
      throw error;
    }
  }
}

async function load(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} could not be loaded (${response.status}).`);
  const { model, parameters } = parseModel(new Uint8Array(await response.arrayBuffer()), url);
  return createEngine(model.spec, { parameters, threads: 0 }); // one picture needs no worker
}

customElements.define("picture-classifier", PictureClassifier);
