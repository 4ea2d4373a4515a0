import { html } from "../../../html.js";
import { percent, times, whole } from "../../../presentation/numbers.js";
import { sizeOf } from "../../../tensor.js";
import type { Chapter } from "../chapter.js";
import { table } from "../grids.js";
import type { Story } from "../story.js";
import { bar } from "../tensorMaps.js";

/** What everything cost: the bill. */
export function costChapter({ trace }: Story): Chapter {
  const { model } = trace;
  const { forward, trainingStep } = model.multiplyAdds;
  const rows = model.layers.map((layer) => ({
    cells: [
      html`<a href="#${layer.name}">${layer.name}</a>`,
      times(layer.outputShape),
      whole(layer.parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0)),
      whole(layer.multiplyAdds.forward),
      whole(layer.multiplyAdds.trainingStep - layer.multiplyAdds.forward),
      bar(layer.multiplyAdds.trainingStep / (trainingStep || 1), false),
    ],
  }));
  const total = ["all", "", whole(model.parameterCount), whole(forward), whole(trainingStep - forward), ""];
  const costliest = [...model.layers].sort(
    (a, b) => b.multiplyAdds.trainingStep - a.multiplyAdds.trainingStep,
  )[0];
  return {
    id: "cost",
    name: "cost",
    kind: "what it took",
    direction: "after",
    title: "What all this cost",
    lead: html`Forward and back for one picture: ${whole(trainingStep)} multiply-adds${trainingStep > 0 && `, ${percent(costliest.multiplyAdds.trainingStep / trainingStep)} of them in ${costliest.name}`}.`,
    body: [
      table(
        ["layer", "gives", "parameters", "multiply-adds forward", "back", ""],
        [...rows, { cells: total, look: "total" }],
        ["text", "n", "n", "n", "n", "bar"],
      ),
      html`<p>The cost grows with each of its factors and no faster: twice as many filters in the first layer cost twice as much there, and twice as much in the layer after it. The first layer that learns needs less on the way back than the others: nothing before it has to know its gradient. (The gradient of the picture, which this page shows, is worked out for the reader only, and isn’t counted.)</p>`,
    ],
  };
}
