// The methods that the filter knows by name. For a completion or a subscription, it finds the slot of the target's name
// itself.
import { Kind, Section, Slot } from "../../../assembly/program.ts";
import { LIFECYCLE, TARGET_METHODS } from "../policy/methods.ts";
import type { ProgramWriter } from "./writer.ts";

export function addMethods(writer: ProgramWriter): void {
  for (const [method, kind, slot] of TARGET_METHODS) writer.add(Section.Methods, [...writer.text(method), kind, slot]);
  for (const method of LIFECYCLE) writer.add(Section.Methods, [...writer.text(method), Kind.Method, Slot.Method]);
}
