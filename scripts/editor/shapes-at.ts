// The shapes (compiler/policy/shapes.ts) that a place of a document can have.
import type { Shape } from "../compiler/policy/shapes.ts";
import type { Path } from "./spot.ts";

/** All shapes at a path below `root`, alternatives taken apart. */
export function shapesAt(root: Shape, path: Path): Shape[] {
  return path.reduce<Shape[]>((shapes, step) => shapes.flatMap((shape) => below(shape, step)), expand(root));
}

function expand(shape: Shape): Shape[] {
  if (!shape.anyOf) return [shape];
  const { anyOf, ...own } = shape;
  return anyOf.flatMap((choice) => expand({ ...own, ...choice }));
}

function below(shape: Shape, step: string | number): Shape[] {
  if (typeof step === "number") return shape.items ? expand(shape.items) : [];
  const { properties, additionalProperties } = shape;
  const member = properties && Object.hasOwn(properties, step) ? properties[step] : undefined;
  if (member) return expand(member);
  return typeof additionalProperties === "object" ? expand(additionalProperties) : [];
}

/** Descriptions of a place, each once. */
export function descriptionsAt(root: Shape, path: Path): string[] {
  const found = shapesAt(root, path).flatMap(({ description }) => description ?? []);
  return [...new Set(found)];
}
