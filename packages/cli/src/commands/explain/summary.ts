import { largestInRows, outcomeOf, type ReportSubject } from "unravel-cnn";

/** The answer, the loss, and what the update did to it, for programs. */
export function summaryOf({ trace, modelName, trained, imageName, labelKnown }: ReportSubject) {
  const { model, tensors, labels, learningRate } = trace;
  const [index] = largestInRows(tensors.probs);
  const { loss, probability } = outcomeOf(trace);
  return {
    model: modelName,
    trained,
    image: imageName,
    label: labels[0],
    labelKnown,
    index,
    class: model.classes[index],
    probability: tensors.probs.data[index],
    probabilities: Array.from(tensors.probs.data),
    loss: loss.before,
    update: { learningRate, loss: loss.after, probabilityOfLabel: probability.after },
  };
}
