import * as clipping from "./clipping.js";
import * as backward from "./convolutionBackward.js";
import * as forward from "./convolutionForward.js";
import { lastRowLeftOut } from "./edges.js";
import { flattenMixesImages, unflattenOrder } from "./flatten.js";
import * as loss from "./loss.js";
import type { Mistake } from "./mistake.js";
import { notFinite } from "./notFinite.js";
import * as optimizers from "./optimizers.js";
import * as gradients from "./parameterGradients.js";
import * as penalties from "./penalties.js";
import * as pixels from "./pixels.js";
import * as pool from "./pool.js";
import * as relu from "./relu.js";
import * as softmax from "./softmax.js";
import { activationBeforeSoftmax } from "./structure.js";
import * as update from "./update.js";
import { gradientOfOneWay } from "./ways.js";
import * as sums from "./weightedSums.js";

/**
 * What people do otherwise without being wrong, and every mistake that is known. Where two explain the same, the first
 * one is named: the more usual and simpler before the rarer.
 */
export const mistakes: readonly Mistake[] = [
  // conventions
  pixels.pixelsScaledInside,
  relu.slopeAtZero,
  pool.otherTie,
  loss.lossEpsilon,
  optimizers.meanInUpdate,
  optimizers.downhill,
  optimizers.summedDownhill,
  penalties.penaltyUsed,
  penalties.decayUsed,
  penalties.penaltyReported,
  notFinite,
  // forward
  pixels.pixelsIntegerDivision,
  pixels.pixelsOverflow,
  pixels.pixelsWrongRange,
  sums.biasLeftOut,
  sums.biasRepeated,
  sums.biasMixed,
  forward.kernelFlippedForward,
  forward.trueConvolution,
  forward.kernelTurned,
  forward.channelsOverwritten,
  forward.windowOverwritten,
  forward.meanForSum,
  forward.sameFilter,
  forward.strideOff,
  forward.paddingLeftOut,
  forward.paddingOff,
  forward.paddingNotZero,
  lastRowLeftOut,
  sums.weightTransposed,
  sums.inputsOverwritten,
  sums.inputsAveraged,
  relu.reluLeftOut,
  relu.reluLeaky,
  relu.otherActivation,
  sums.savedBehindRelu,
  sums.wrongInput,
  pool.averageForMax,
  pool.poolFirstCell,
  pool.poolStrideOff,
  pool.otherPool,
  flattenMixesImages,
  sums.sameImage,
  sums.imagesOverwritten,
  activationBeforeSoftmax,
  softmax.softmaxWrongAxis,
  softmax.softmaxOverflow,
  softmax.softmaxNotNormalised,
  softmax.softmaxTwice,
  softmax.otherSoftmax,
  softmax.probabilitiesInPlace,
  // the loss and its gradient
  loss.lossLog2,
  loss.lossLog10,
  loss.lossSummed,
  loss.lossSign,
  loss.lossAveraged,
  loss.lossOverwritten,
  loss.labelsOffByOne,
  loss.otherLoss,
  loss.gradientWithoutLabels,
  loss.gradientRightClassOnly,
  loss.softmaxGradientTwice,
  loss.wrongProbabilities,
  // backward
  gradientOfOneWay,
  gradients.gradientLeftOut,
  gradients.biasGradientMean,
  gradients.batchMeanLeftOut,
  gradients.batchMeanTwice,
  gradients.gradientSign,
  relu.maskLeftOut,
  relu.maskOfGradient,
  relu.maskInverted,
  relu.maskLeaky,
  relu.valueForMask,
  relu.gradientIsMask,
  relu.maskInPlace,
  relu.maskOfWrongTensor,
  pool.gradientToTies,
  pool.gradientShared,
  pool.gradientToAll,
  pool.gradientSpread,
  pool.gradientToFirst,
  pool.gradientWithinTolerance,
  pool.poolOverwritten,
  pool.poolGradientScaled,
  pool.gradientToWrongWindow,
  pool.poolValueForMask,
  unflattenOrder,
  backward.kernelNotFlippedBackward,
  backward.kernelGradientFlipped,
  backward.windowsOverwritten,
  backward.filtersOverwritten,
  backward.filtersAveraged,
  backward.channelsMixed,
  gradients.gradientOfOneImage,
  backward.positionsOverwritten,
  backward.positionsAveraged,
  sums.lastUnitOnly,
  sums.productOfSums,
  sums.gradientTransposed,
  update.updatedEarly,
  sums.gradientOfWrongInput,
  sums.gradientOfWrongTensor,
  gradients.wrongAxis,
  gradients.biasGradientSummedUp,
  loss.otherGradient,
  gradients.gradientScaled,
  penalties.penaltyLeftOut,
  penalties.penaltyScaled,
  penalties.penaltySign,
  clipping.clipped,
  clipping.clippedByValue,
  // the step
  update.savedAfterUpdate,
  update.gradientAdded,
  update.rateTwice,
  update.rateLeftOut,
  update.updateLeftOut,
  update.updateReplaces,
  update.updatedTwice,
  update.updateWithoutMean,
  optimizers.momentum,
  optimizers.adaptive,
];
