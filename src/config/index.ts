/** Where things live and how they are set. */
export { homeTag, type Places, resolvePlaces } from "./environment.ts";
export { defaultSettings, loadSettings, parseSettings, type Settings } from "./settings.ts";
