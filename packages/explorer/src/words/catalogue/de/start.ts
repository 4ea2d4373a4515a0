import type { Translated } from "../message.js";

export const start: Translated<typeof import("../en/start.js").start> = {
  "start.title": "Fang hier an",
  "start.sentence":
    "Zeichne eine Ziffer: Ein kleines Netz liest sie, und jede Zahl, die es berechnet, öffnet sich mit einem Klick.",
  "start.about": { one: "Ein kurzer Schritt", other: "{count} kurze Schritte, die von selbst laufen" },
  "start.step": "Schritt {number} von {total}",
  "start.pause": "Anhalten",
  "start.play": "Abspielen",
  "start.again": "Noch einmal",
  "start.back": "Zurück",
  "start.skip": "Weiter",
  "start.end": "Fertig",
  "start.leave": "Diese Schritte verlassen",
  "start.draw.title": "Zeichnen",
  "start.draw.text":
    "Jemand zeichnet eine 7. Das Netz sieht 28 × 28 Quadrate, jedes ist eine Zahl: 0 ist weißes Papier, 1 ist Tinte. Die Balken sagen, wie sicher es bei jeder Ziffer ist.",
  "start.kernel.title": "Ein Kernel gleitet über die Ziffer",
  "start.kernel.text":
    "Ein Kernel besteht aus neun Gewichten und liegt auf neun Pixeln. Jedes Gewicht mal sein Pixel, alles zusammengezählt: Das ist eine Zahl der Karte. Dann rückt er um ein Pixel weiter. Erst langsam, dann schnell, bis die Karte voll ist.",
  "start.relu.title": "ReLU",
  "start.relu.text":
    "Eine Zahl über 0 bleibt, wie sie ist. Eine Zahl unter 0 wird 0. Was übrig bleibt, zeigt, wo der Kernel gefunden hat, was er sucht.",
  "start.pool.title": "Pooling",
  "start.pool.text":
    "Von vier Nachbarn geht nur die größte Zahl weiter. Die Karte ist halb so breit und halb so hoch, und es ist fast gleich, ob die Ziffer ein Pixel weiter links steht.",
  "start.scores.title": "Zehn Punktzahlen",
  "start.scores.text":
    "Jede Ziffer hat ein Gewicht für jede Zahl, die übrig ist. Malnehmen, zusammenzählen: Das ist ihre Punktzahl. Die höchste gewinnt. Hier ist es {class}, mit {share}.",
  "start.back.title": "Der Fehler und der Weg zurück",
  "start.back.text":
    "Nehmen wir an, es sollte eine {class} sein. Der Fehler (loss) sagt, wie falsch die Antwort dann ist: {loss}. Von dort geht es zurück: Wie würde sich der Fehler ändern, wenn eine Zahl ein wenig wüchse? Das ist ihr Gradient. Das Training bewegt jedes Gewicht einen kleinen Schritt gegen ihn.",
  "start.over": "Jetzt du: Zeichne eine Ziffer und klicke auf ein Quadrat.",
};
