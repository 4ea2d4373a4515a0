export { keras } from "./h5.js";
