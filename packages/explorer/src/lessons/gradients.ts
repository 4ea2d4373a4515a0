import { choices, type Lesson } from "./lesson.js";

const wrong = "answer=8&pass=backward";

export const gradients: Lesson = {
  id: "gradients",
  title: "Where gradients go",
  about: "From the loss back to each weight, and where the way is closed.",
  steps: [
    {
      text: "Let us say that this 3 is an 8. The network is sure of 3, so its loss is high. A gradient tells how the loss changes if a number grows a little.",
      show: [
        { title: "The loss", link: "answer=8&cell=loss" },
        { title: "The gradient of the score of 8", link: `${wrong}&cell=grad.fc1.out[0,8]` },
        { title: "That of the score of 3", link: `${wrong}&cell=grad.fc1.out[0,3]` },
      ],
      question: "Why is one of them near −1 and the other near +1?",
      answer:
        "It is the probability minus what is right: 0 − 1 for 8, nearly 1 − 0 for 3. The score of 8 should grow, that of 3 shrink.",
    },
    {
      text: "Back through max-pooling: of four neighbours only the largest went on. So only that one gets the gradient; the other three get 0.",
      show: [
        { title: "A pooled number's gradient", link: `${wrong}&cell=grad.pool1.out[0,2,4,11]` },
        { title: "The one that it goes to", link: `${wrong}&cell=grad.relu1.out[0,2,8,22]` },
        { title: "A neighbour", link: `${wrong}&cell=grad.relu1.out[0,2,8,23]` },
      ],
      question: "How many of the 5,408 numbers before pooling get a gradient?",
      choices: choices("all 5,408", "2,704", "*1,352"),
      answer: "1,352, one for each pooled number: a quarter.",
    },
    {
      text: "Back through ReLU: where the number was below 0, nothing went on, and nothing comes back.",
      show: [
        { title: "Open", link: `${wrong}&cell=grad.conv1.out[0,2,8,22]` },
        { title: "Closed", link: `${wrong}&cell=grad.conv1.out[0,5,0,0]` },
      ],
      question: "Choose Backward and compare the maps relu1 and conv1. What is gone?",
      answer: "All places where the convolution was below 0. Of 1,352 gradients 393 are left.",
    },
    {
      text: "A weight of a filter was used in 676 places. Each place has its say; the gradient of the weight is their sum.",
      show: [
        {
          title: "The largest gradient of a filter's weight",
          link: `${wrong}&cell=grad.conv1.weight[3,0,2,1]`,
        },
      ],
      question: "It is about −8.5. If the weight grows by 0.01, what happens to the loss, about?",
      choices: choices("*it falls by 0.085", "it rises by 0.085", "it falls by 8.5"),
      answer: 'It falls by 0.085. Press "Nudge it" beside the sum and see how near that comes.',
    },
  ],
};
