export const long = process.env.UNRAVEL_LONG === "1";
