// What is measured: a network, a batch size, and training or predicting.

const sgd = { mode: "train", optimizer: "sgd", rate: 0.05, momentum: 0.9 };
const predicting = { mode: "predict" };

export const cases = [
  {
    name: "one-conv-1",
    title: "Training one-conv with 1 filter, one image at a time",
    model: "one-conv",
    filters: 1,
    batchSize: 1,
    ...sgd,
    rate: 0.01,
    momentum: 0,
  },
  {
    name: "one-conv-8",
    title: "Training one-conv with 8 filters, batches of 64",
    model: "one-conv",
    filters: 8,
    batchSize: 64,
    ...sgd,
  },
  { name: "lenet5", title: "Training lenet5, batches of 64", model: "lenet5", batchSize: 64, ...sgd },
  { name: "convnet", title: "Training convnet, batches of 128", model: "convnet", batchSize: 128, ...sgd },
  ...["lenet5", "convnet"].flatMap((model) => [
    {
      name: `predict-${model}`,
      title: `Predicting with ${model}, batches of 256`,
      model,
      batchSize: 256,
      ...predicting,
    },
    {
      name: `predict-${model}-1`,
      title: `Predicting one image with ${model}`,
      model,
      batchSize: 1,
      ...predicting,
    },
  ]),
];
