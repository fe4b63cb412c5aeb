/** Durable state and the event stream. */
export { type Bindings, type Database, type Migration, openDatabase, type Row, type Statement } from "./database.ts";
export { createEvents, type EngineEvent, type EventInput, type Events } from "./events.ts";
