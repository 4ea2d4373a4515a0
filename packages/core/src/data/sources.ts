/** What a file must be, byte for byte. */
export interface Checksum {
  readonly algorithm: "sha256" | "md5";
  readonly hex: string;
}

/** A file of a data set, as it is published: packed with gzip. */
export interface SourceFile {
  readonly name: string;
  readonly bytes: number;
  readonly checksum: Checksum;
  /** The same file without gzip. Its checksum is not known for every data set. */
  readonly unpacked: { readonly bytes: number; readonly checksum?: Checksum };
}

/** A data set that is known by name. */
export interface Source {
  /** For people. */
  readonly title: string;
  readonly classes: readonly string[];
  /** Where it can be had, first choice first; each ends in a slash, and the names of the files follow. */
  readonly mirrors: readonly string[];
  readonly files: readonly SourceFile[];
}

const sha256 = (hex: string): Checksum => ({ algorithm: "sha256", hex });
const md5 = (hex: string): Checksum => ({ algorithm: "md5", hex });

/**
 * MNIST (Y. LeCun, C. Cortes, C. Burges) and Fashion-MNIST (H. Xiao, K. Rasul, R. Vollgraf): 60,000 training and 10,000
 * test images of 28x28 pixels each, under the same four names. Fashion-MNIST's publisher gives MD5 checksums, and no https.
 */
export const sources = {
  mnist: {
    title: "MNIST",
    classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
    mirrors: [
      "https://storage.googleapis.com/cvdf-datasets/mnist/",
      "https://ossci-datasets.s3.amazonaws.com/mnist/",
    ],
    files: [
      {
        name: "train-images-idx3-ubyte.gz",
        bytes: 9912422,
        checksum: sha256("440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
        unpacked: {
          bytes: 47040016,
          checksum: sha256("ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
        },
      },
      {
        name: "train-labels-idx1-ubyte.gz",
        bytes: 28881,
        checksum: sha256("3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        unpacked: {
          bytes: 60008,
          checksum: sha256("65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
        },
      },
      {
        name: "t10k-images-idx3-ubyte.gz",
        bytes: 1648877,
        checksum: sha256("8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        unpacked: {
          bytes: 7840016,
          checksum: sha256("0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
        },
      },
      {
        name: "t10k-labels-idx1-ubyte.gz",
        bytes: 4542,
        checksum: sha256("f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
        unpacked: {
          bytes: 10008,
          checksum: sha256("ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
        },
      },
    ],
  },
  "fashion-mnist": {
    title: "Fashion-MNIST",
    classes: [
      "T-shirt/top",
      "Trouser",
      "Pullover",
      "Dress",
      "Coat",
      "Sandal",
      "Shirt",
      "Sneaker",
      "Bag",
      "Ankle boot",
    ],
    mirrors: ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"],
    files: [
      {
        name: "train-images-idx3-ubyte.gz",
        bytes: 26421880,
        checksum: md5("8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        unpacked: { bytes: 47040016 },
      },
      {
        name: "train-labels-idx1-ubyte.gz",
        bytes: 29515,
        checksum: md5("25c81989df183df01b3e8a0aad5dffbe"),
        unpacked: { bytes: 60008 },
      },
      {
        name: "t10k-images-idx3-ubyte.gz",
        bytes: 4422102,
        checksum: md5("bef4ecab320f06d8554ea6380940ec79"),
        unpacked: { bytes: 7840016 },
      },
      {
        name: "t10k-labels-idx1-ubyte.gz",
        bytes: 5148,
        checksum: md5("bb300cfdad3c16e7a12a480ee83cd310"),
        unpacked: { bytes: 10008 },
      },
    ],
  },
} as const satisfies Record<string, Source>;

/** A data set that can be downloaded, by its name. */
export type DatasetName = keyof typeof sources;

/** The names of all data sets that can be downloaded. */
export const datasetNames = Object.keys(sources) as readonly DatasetName[];
