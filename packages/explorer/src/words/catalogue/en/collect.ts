/** The tab *Collect*. */
export const collect = {
  "collect.intro":
    "Teach the network your own classes: name them, give each some pictures, and train. Then it tells you what it sees.",
  "collect.private": "Nothing leaves your browser: no picture is sent anywhere.",
  "collect.classNumber": "Class {number}",
  "collect.restored": {
    one: "Your collection is back: {count} picture was kept in this browser.",
    other: "Your collection is back: {count} pictures were kept in this browser.",
  },

  "collect.classes": "Classes and their pictures",
  "collect.classes.keys":
    "Arrow keys move between classes and pictures. Delete removes a picture. Alt with an arrow up or down moves it to the class above or below.",
  "collect.class.name": "Name of class {number}",
  "collect.class.chosen": "New pictures go here",
  "collect.class.add": "Add a class",
  "collect.class.remove": "Remove “{name}”",
  "collect.class.empty": "no pictures yet",
  "collect.pictures": { one: "{count} picture", other: "{count} pictures" },
  "collect.picture": "Picture {number} of {count}, “{name}”",
  "collect.picture.earlier": "Earlier pictures",
  "collect.picture.later": "Later pictures",
  "collect.picture.delete": "Delete the picture",
  "collect.picture.move": "Move it to",
  "collect.picture.none": "Choose a picture to delete it or to move it to another class.",
  "collect.undo": "Undo",
  "collect.changed.deleted": "The picture is deleted.",
  "collect.changed.moved": "The picture is in “{name}” now.",
  "collect.changed.removed": "“{name}” is removed.",
  "collect.full": "There is room for {count} pictures in all, so some were left out.",

  "collect.source": "Where pictures come from",
  "collect.source.pad": "Draw",
  "collect.source.camera": "Camera",
  "collect.pad": "Drawing pad for your classes",
  "collect.pad.empty": "Draw here",
  "collect.pad.next": "Keep it for “{name}”",
  "collect.pad.clear": "Clear",
  "collect.camera.start": "Start the camera",
  "collect.camera.stop": "Stop the camera",
  "collect.camera.video": "What the camera sees",
  "collect.camera.off": "The camera is off. Your browser asks you before it starts.",
  "collect.camera.hold": "Hold to take pictures for “{name}”",
  "collect.camera.hint":
    "Ten pictures a second, as long as you hold the button or the space bar. Move a little meanwhile: all sides, near and far.",
  "collect.camera.countdown": "Count 3, 2, 1, then take 30",
  "collect.camera.cancel": "Stop counting",
  "collect.camera.taken": { one: "{count} picture taken.", other: "{count} pictures taken." },
  "collect.camera.mirror": "Show it as in a mirror",
  "collect.camera.which": "Camera",
  "collect.camera.user": "front",
  "collect.camera.environment": "rear",
  "collect.camera.refused":
    "The browser doesn't let this page use the camera. Allow it in the browser's settings for this page, or draw, or choose pictures.",
  "collect.camera.none": "No camera was found. Connect one, or draw, or choose pictures.",
  "collect.camera.busy":
    "Another program uses the camera. Close it and start again, or choose another camera.",
  "collect.camera.unknown": "The camera does not start. Try another one, or draw, or choose pictures.",

  "collect.files": "Pictures you have",
  "collect.files.hint":
    "Drop pictures, folders or a .zip here. The name of a folder becomes the name of a class; single pictures go to “{name}”.",
  "collect.files.choose": "Choose pictures or a .zip",
  "collect.files.folder": "Choose a folder",
  "collect.files.reading": "Reading picture {done} of {total}",
  "collect.files.added": { one: "{count} picture came in.", other: "{count} pictures came in." },
  "collect.files.known": {
    one: "{count} was there already and is not added again.",
    other: "{count} were there already and are not added again.",
  },
  "collect.files.leftOut": {
    one: "{count} was left out: there is no room for more pictures or classes.",
    other: "{count} were left out: there is no room for more pictures or classes.",
  },
  "collect.files.broken": {
    one: "{count} file can't be read as a picture: {names}.",
    other: "{count} files can't be read as pictures: {names}.",
  },

  "collect.warning.sameName": "Two classes are called “{name}”. Rename one of them, or move its pictures.",
  "collect.warning.samePictures": {
    one: "{count} picture is in “{one}” and in “{other}”. Delete it in one of them, or the network can't tell the two apart.",
    other:
      "{count} pictures are in “{one}” and in “{other}”. Delete them in one of the two, or the network can't tell the two apart.",
  },
  "collect.warning.lopsided":
    "“{many}” has {most} pictures, more than {times} times as many as “{few}” ({least}). Give “{few}” more, or the network will say “{many}” too often.",
  "collect.warning.few": {
    one: "“{name}” has only {count} picture. Thirty for each class work better.",
    other: "“{name}” has only {count} pictures. Thirty for each class work better.",
  },

  "collect.kind": "Pictures become",
  "collect.kind.grey28": "grey, 28 × 28 pixels",
  "collect.kind.colour32": "colour, 32 × 32 pixels",
  "collect.kind.colour48": "colour, 48 × 48 pixels",
  "collect.kind.colour64": "colour, 64 × 64 pixels",
  "collect.network": "Network",
  "collect.network.one-conv": "small: one layer of filters",
  "collect.network.lenet5": "medium: two layers of filters",
  "collect.network.resnet": "large: nine layers of filters, slower",
  "collect.train": "Train",
  "collect.train.again": "Train again",
  "collect.train.stop": "Stop",
  "collect.train.progress": "How far the training is",
  "collect.train.doing": "It learns: {share} done",
  "collect.train.preparing": "Preparing the pictures",
  "collect.train.need.classes": "To train, you need {least} classes.",
  "collect.train.need.pictures": "To train, every class needs {least} pictures or more. “{name}” has {has}.",
  "collect.train.need.sameName": "To train, every class needs its own name. Two are called “{name}”.",
  "collect.train.done": "Trained in {seconds} seconds.",
  "collect.train.checked": {
    one: "{count} picture was set aside to check it: {right} right.",
    other: "{count} pictures were set aside to check it: {right} right.",
  },
  "collect.train.unchecked":
    "There were too few pictures to set some aside, so nobody knows how good it is. Try it.",
  "collect.train.outdated": "You have changed the collection since then. Train again to use it.",

  "collect.answer": "What the network sees",
  "collect.answer.before":
    "Train first. Then the bars here show what the network takes your drawing or the camera's picture for.",
  "collect.answer.empty": "Draw something or start the camera, and see what the network takes it for.",
  "collect.answer.open":
    "Every number of this answer can be opened: click any cell of the network to see how it is made.",

  "collect.keep": "Keep your collection",
  "collect.keep.here": "It is kept in this browser, for the next time you come.",
  "collect.keep.otherTab":
    "Another tab shows this page, and only that one keeps its collection. Save this one as a .zip before you leave.",
  "collect.keep.full":
    "This browser has no room left to keep the collection. Save it as a .zip before you leave.",
  "collect.keep.denied":
    "This browser lets the page keep nothing. Save the collection as a .zip before you leave.",
  "collect.keep.save": "Save as .zip",
  "collect.keep.join":
    "To put two collections together, add the other .zip to this one. Classes of the same name become one, so a whole group can collect.",
  "collect.keep.clear": "Delete everything",
  "collect.keep.command": "The .zip also works on the command line:",
  "collect.keep.export":
    "The trained network is saved with the page's menu Save: as a page, for JavaScript, as ONNX, or as a file for this page.",
} as const;
