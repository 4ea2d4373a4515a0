/** The most bytes that a picture's file may have. */
export const LARGEST_PICTURE = 256 * 1024 * 1024;

export const TOO_LARGE = `It is larger than the ${LARGEST_PICTURE / 1024 ** 2} MiB that a picture may have; make the picture smaller.`;
