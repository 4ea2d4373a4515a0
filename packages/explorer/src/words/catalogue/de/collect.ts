import type { Translated } from "../message.js";

export const collect: Translated<typeof import("../en/collect.js").collect> = {
  "collect.intro":
    "Bring dem Netz eigene Klassen bei: Gib ihnen Namen, gib jeder ein paar Bilder und trainiere. Dann sagt es dir, was es sieht.",
  "collect.private": "Nichts verlässt deinen Browser: Kein Bild wird irgendwohin geschickt.",
  "collect.classNumber": "Klasse {number}",
  "collect.restored": {
    one: "Deine Sammlung ist wieder da: {count} Bild war in diesem Browser aufgehoben.",
    other: "Deine Sammlung ist wieder da: {count} Bilder waren in diesem Browser aufgehoben.",
  },

  "collect.classes": "Klassen und ihre Bilder",
  "collect.classes.keys":
    "Mit den Pfeiltasten gehst du zu Klassen und Bildern. Entf löscht ein Bild. Alt mit Pfeil hoch oder runter schiebt es in die Klasse darüber oder darunter.",
  "collect.class.name": "Name der Klasse {number}",
  "collect.class.chosen": "Neue Bilder kommen hierher",
  "collect.class.add": "Klasse hinzufügen",
  "collect.class.remove": "„{name}“ entfernen",
  "collect.class.empty": "noch keine Bilder",
  "collect.pictures": { one: "{count} Bild", other: "{count} Bilder" },
  "collect.picture": "Bild {number} von {count}, „{name}“",
  "collect.picture.earlier": "Frühere Bilder",
  "collect.picture.later": "Spätere Bilder",
  "collect.picture.delete": "Bild löschen",
  "collect.picture.move": "Verschieben nach",
  "collect.picture.none": "Wähle ein Bild, um es zu löschen oder in eine andere Klasse zu schieben.",
  "collect.undo": "Rückgängig",
  "collect.changed.deleted": "Das Bild ist gelöscht.",
  "collect.changed.moved": "Das Bild ist jetzt in „{name}“.",
  "collect.changed.removed": "„{name}“ ist entfernt.",
  "collect.full": "Insgesamt ist Platz für {count} Bilder, darum fehlen einige.",

  "collect.source": "Woher Bilder kommen",
  "collect.source.pad": "Zeichnen",
  "collect.source.camera": "Kamera",
  "collect.pad": "Zeichenfläche für deine Klassen",
  "collect.pad.empty": "Zeichne hier",
  "collect.pad.next": "Behalten für „{name}“",
  "collect.pad.clear": "Leeren",
  "collect.camera.start": "Kamera einschalten",
  "collect.camera.stop": "Kamera ausschalten",
  "collect.camera.video": "Was die Kamera sieht",
  "collect.camera.off": "Die Kamera ist aus. Dein Browser fragt dich, bevor sie angeht.",
  "collect.camera.hold": "Gedrückt halten: Bilder für „{name}“",
  "collect.camera.hint":
    "Zehn Bilder in der Sekunde, solange du den Knopf oder die Leertaste hältst. Beweg dich dabei ein wenig: alle Seiten, nah und fern.",
  "collect.camera.countdown": "3, 2, 1 zählen, dann 30 Bilder",
  "collect.camera.cancel": "Nicht mehr zählen",
  "collect.camera.taken": { one: "{count} Bild aufgenommen.", other: "{count} Bilder aufgenommen." },
  "collect.camera.mirror": "Wie im Spiegel zeigen",
  "collect.camera.which": "Kamera",
  "collect.camera.user": "vorne",
  "collect.camera.environment": "hinten",
  "collect.camera.refused":
    "Der Browser lässt diese Seite nicht an die Kamera. Erlaube es in den Einstellungen des Browsers für diese Seite, oder zeichne, oder wähle Bilder.",
  "collect.camera.none": "Es gibt hier keine Kamera. Schließ eine an, oder zeichne, oder wähle Bilder.",
  "collect.camera.busy":
    "Ein anderes Programm benutzt die Kamera. Schließ es und versuch es noch einmal, oder wähle eine andere Kamera.",
  "collect.camera.unknown": "Die Kamera geht nicht an. Versuch eine andere, oder zeichne, oder wähle Bilder.",

  "collect.files": "Bilder, die du hast",
  "collect.files.hint":
    "Zieh Bilder, Ordner oder ein .zip hierher. Der Name eines Ordners wird der Name einer Klasse; einzelne Bilder kommen zu „{name}“.",
  "collect.files.choose": "Bilder oder .zip wählen",
  "collect.files.folder": "Ordner wählen",
  "collect.files.reading": "Bild {done} von {total} wird gelesen",
  "collect.files.added": {
    one: "{count} Bild ist dazugekommen.",
    other: "{count} Bilder sind dazugekommen.",
  },
  "collect.files.known": {
    one: "{count} war schon da und kommt nicht noch einmal dazu.",
    other: "{count} waren schon da und kommen nicht noch einmal dazu.",
  },
  "collect.files.leftOut": {
    one: "{count} fehlt: Für mehr Bilder oder Klassen ist kein Platz.",
    other: "{count} fehlen: Für mehr Bilder oder Klassen ist kein Platz.",
  },
  "collect.files.broken": {
    one: "{count} Datei ist kein lesbares Bild: {names}.",
    other: "{count} Dateien sind keine lesbaren Bilder: {names}.",
  },

  "collect.warning.sameName":
    "Zwei Klassen heißen „{name}“. Gib einer einen anderen Namen, oder verschiebe ihre Bilder.",
  "collect.warning.samePictures": {
    one: "{count} Bild ist in „{one}“ und in „{other}“. Lösch es in einer der beiden, sonst kann das Netz sie nicht unterscheiden.",
    other:
      "{count} Bilder sind in „{one}“ und in „{other}“. Lösch sie in einer der beiden, sonst kann das Netz sie nicht unterscheiden.",
  },
  "collect.warning.lopsided":
    "„{many}“ hat {most} Bilder, mehr als {times}-mal so viele wie „{few}“ ({least}). Gib „{few}“ mehr, sonst sagt das Netz zu oft „{many}“.",
  "collect.warning.few": {
    one: "„{name}“ hat nur {count} Bild. Mit dreißig für jede Klasse geht es besser.",
    other: "„{name}“ hat nur {count} Bilder. Mit dreißig für jede Klasse geht es besser.",
  },

  "collect.kind": "Bilder werden",
  "collect.kind.grey28": "grau, 28 × 28 Pixel",
  "collect.kind.colour32": "farbig, 32 × 32 Pixel",
  "collect.kind.colour48": "farbig, 48 × 48 Pixel",
  "collect.kind.colour64": "farbig, 64 × 64 Pixel",
  "collect.network": "Netz",
  "collect.network.one-conv": "klein: eine Schicht von Filtern",
  "collect.network.lenet5": "mittel: zwei Schichten von Filtern",
  "collect.network.resnet": "groß: neun Schichten von Filtern, langsamer",
  "collect.train": "Trainieren",
  "collect.train.again": "Noch einmal trainieren",
  "collect.train.stop": "Anhalten",
  "collect.train.progress": "Wie weit das Training ist",
  "collect.train.doing": "Es lernt: {share} geschafft",
  "collect.train.preparing": "Die Bilder werden vorbereitet",
  "collect.train.need.classes": "Zum Trainieren brauchst du {least} Klassen.",
  "collect.train.need.pictures":
    "Zum Trainieren braucht jede Klasse mindestens {least} Bilder. „{name}“ hat {has}.",
  "collect.train.need.sameName":
    "Zum Trainieren braucht jede Klasse einen eigenen Namen. Zwei heißen „{name}“.",
  "collect.train.done": "In {seconds} Sekunden trainiert.",
  "collect.train.checked": {
    one: "{count} Bild war zum Prüfen beiseitegelegt: {right} richtig.",
    other: "{count} Bilder waren zum Prüfen beiseitegelegt: {right} richtig.",
  },
  "collect.train.unchecked":
    "Es waren zu wenige Bilder, um welche beiseitezulegen. Wie gut es ist, weiß darum niemand. Probier es aus.",
  "collect.train.outdated": "Du hast die Sammlung seitdem geändert. Trainiere noch einmal, damit das zählt.",

  "collect.answer": "Was das Netz sieht",
  "collect.answer.before":
    "Trainiere zuerst. Dann zeigen die Balken hier, wofür das Netz deine Zeichnung oder das Bild der Kamera hält.",
  "collect.answer.empty": "Zeichne etwas oder schalte die Kamera ein, und sieh, wofür das Netz es hält.",
  "collect.answer.open":
    "Jede Zahl dieser Antwort kannst du öffnen: Klick auf eine Zelle des Netzes, und du siehst, wie sie entsteht.",

  "collect.keep": "Heb deine Sammlung auf",
  "collect.keep.here": "Sie bleibt in diesem Browser, bis du wiederkommst.",
  "collect.keep.otherTab":
    "Diese Seite ist in noch einem Tab offen, und nur der hebt seine Sammlung auf. Speichere diese als .zip, bevor du gehst.",
  "collect.keep.full":
    "In diesem Browser ist kein Platz mehr für die Sammlung. Speichere sie als .zip, bevor du gehst.",
  "collect.keep.denied":
    "Dieser Browser lässt die Seite nichts aufheben. Speichere die Sammlung als .zip, bevor du gehst.",
  "collect.keep.save": "Als .zip speichern",
  "collect.keep.join":
    "Um zwei Sammlungen zusammenzulegen, füge das andere .zip zu dieser hinzu. Klassen mit gleichem Namen werden eine: So kann eine ganze Gruppe sammeln.",
  "collect.keep.clear": "Alles löschen",
  "collect.keep.command": "Das .zip geht auch auf der Kommandozeile:",
  "collect.keep.export":
    "Das trainierte Netz speicherst du mit dem Menü „Save“ der Seite: als Seite, für JavaScript, als ONNX oder als Datei für diese Seite.",
};
