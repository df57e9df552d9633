/** The door of macros: templates in, parts out. It reads no files and knows no SQL. */
export { expandTemplate, RESERVED, type ExpandOptions, type Expansion } from './expand.js';
export type { LiteralPart, MacroProblem, MacroTemplate, Part, PartBody, Place, Template } from './parts.js';
