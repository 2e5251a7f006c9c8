/** A parsed expression. `at` is the offset in the text that messages point to. */
export type Ast =
  | {
      readonly op: 'literal';
      readonly at: number;
      readonly value: null | boolean | bigint | number | string | Uint8Array | { readonly uint: bigint };
    }
  | { readonly op: 'name'; readonly at: number; readonly name: string }
  | { readonly op: 'select'; readonly at: number; readonly target: Ast; readonly field: string; readonly optional: boolean }
  | { readonly op: 'index'; readonly at: number; readonly target: Ast; readonly index: Ast; readonly optional: boolean }
  | { readonly op: 'call'; readonly at: number; readonly target: Ast | undefined; readonly name: string; readonly args: readonly Ast[] }
  | { readonly op: 'list'; readonly at: number; readonly items: readonly { readonly value: Ast; readonly optional: boolean }[] }
  | {
      readonly op: 'map';
      readonly at: number;
      readonly entries: readonly { readonly key: Ast; readonly value: Ast; readonly optional: boolean }[];
    }
  | { readonly op: 'unary'; readonly at: number; readonly operator: '!' | '-'; readonly operand: Ast }
  | { readonly op: 'binary'; readonly at: number; readonly operator: string; readonly left: Ast; readonly right: Ast }
  | { readonly op: 'ternary'; readonly at: number; readonly condition: Ast; readonly yes: Ast; readonly no: Ast };
