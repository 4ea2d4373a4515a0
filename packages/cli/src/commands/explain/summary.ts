import { classesSaid, largestInRows, outcomeOf, type ReportSubject } from "unravel-cnn";

/** The answer, the loss, and what the update did to it, for programs. */
export function summaryOf({ trace, modelName, trained, imageName, labelKnown }: ReportSubject) {
  const { model, tensors, labels, learningRate } = trace;
  const [index] = largestInRows(tensors.probs);
  const { loss, classes } = outcomeOf(trace);
  const several = labels.length > 1;
  return {
    model: modelName,
    trained,
    image: imageName,
    ...(several ? { labels: classes.map(({ index }) => index) } : { label: labels[0] }),
    labelKnown,
    index,
    class: model.classes[index],
    ...(several && { shown: classesSaid(model.loss, tensors[model.output], 0).map((k) => model.classes[k]) }),
    probability: tensors.probs.data[index],
    probabilities: Array.from(tensors.probs.data),
    loss: loss.before,
    update: {
      learningRate,
      loss: loss.after,
      ...(several
        ? { probabilitiesOfLabels: classes.map(({ after }) => after) }
        : { probabilityOfLabel: classes[0].after }),
    },
  };
}
