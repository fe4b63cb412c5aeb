/** Where things live and how they are set. */
export { type Places, resolvePlaces } from "./environment.ts";
export { loadSettings, type Settings, type TcpSettings } from "./settings.ts";
