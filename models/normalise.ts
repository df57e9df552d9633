import type { Condition, Operand, Stream } from './algebra.js';

/**
 * A condition with every `all` or `any` of one child replaced by the child, as the loader and the query
 * parser build it. For trees made by hand; new objects only where something changed.
 */
export function normalise(tree: Condition): Condition {
  switch (tree.kind) {
    case 'all':
    case 'any': {
      const children = tree.of.map(normalise);
      const [only] = children;
      if (children.length === 1 && only !== undefined) return only;
      return children.every((child, i) => child === tree.of[i]) ? tree : { kind: tree.kind, of: children };
    }
    case 'not': {
      const of = normalise(tree.of);
      return of === tree.of ? tree : { kind: 'not', of };
    }
    case 'users': {
      const match = normalise(tree.match);
      return match === tree.match ? tree : { ...tree, match };
    }
    case 'audience':
    case 'split':
      return tree;
    case 'rank': {
      const by = normaliseOperand(tree.by);
      const among = tree.among && normalise(tree.among);
      if (by === tree.by && among === tree.among) return tree;
      return { ...tree, by, ...(among && { among }) };
    }
    case 'test': {
      const left = normaliseOperand(tree.left);
      const { compare } = tree;
      if (!('right' in compare)) return left === tree.left ? tree : { ...tree, left };
      const right = normaliseOperand(compare.right);
      if (left === tree.left && right === compare.right) return tree;
      return { ...tree, left, compare: { ...compare, right } };
    }
  }
}

function normaliseOperand<O extends Operand>(operand: O): O {
  if (operand.kind !== 'reduced') return operand;
  const stream = normaliseStream(operand.stream);
  return stream === operand.stream ? operand : { ...operand, stream };
}

function normaliseStream<S extends Stream>(stream: S): S {
  if (stream.where === undefined) return stream;
  const where = normalise(stream.where);
  return where === stream.where ? stream : { ...stream, where };
}
