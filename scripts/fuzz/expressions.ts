import type { Suite } from "./suite.ts"; export class ExpressionSuite implements Suite { counts = {}; generate() { return 1; } check() { return undefined; } }
