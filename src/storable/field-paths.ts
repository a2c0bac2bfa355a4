/** A place in the tree of configured paths. */
export interface PathNode {
  readonly children: Map<string, PathNode>;
  /** Under `*`: any key, any index. */
  any: PathNode | undefined;
  /** What lies here is hidden. */
  isEnd: boolean;
}

const segment = /(?:^|\.)([^.[\]"'\s*]+|\*)|\[(?:(\d+|\*)|"([^"]+)"|'([^']+)')\]/y;

/**
 * The keys of a path such as `req.headers.cookie`, `users[*].email`, `*.ssn`, `rows[0]` or `headers["set-cookie"]`; `undefined` where it is none.
 */
export function parseFieldPath(path: string): readonly string[] | undefined {
  const keys: string[] = [];
  if (path.startsWith('.')) return undefined;
  segment.lastIndex = 0;
  while (segment.lastIndex < path.length) {
    const match = segment.exec(path);
    if (match === null) return undefined;
    keys.push(match.slice(1).find((part) => part !== undefined) ?? '');
  }
  return keys.length === 0 ? undefined : keys;
}

/** The tree of several paths. A path that cannot be read is left out; the settings have refused it before. */
export function pathTree(paths: readonly string[]): PathNode | undefined {
  const root = newNode();
  for (const path of paths) {
    let node = root;
    const keys = parseFieldPath(path) ?? [];
    for (const key of keys) node = childOf(node, key);
    node.isEnd = node !== root;
  }
  return root.children.size === 0 && root.any === undefined ? undefined : root;
}

/** The places that are reached from any of `places` by `key`. */
export function placesBelow(places: readonly PathNode[], key: string): readonly PathNode[] {
  const below: PathNode[] = [];
  for (const { children, any } of places) {
    const child = children.get(key);
    if (child !== undefined) below.push(child);
    if (any !== undefined) below.push(any);
  }
  return below;
}

/** Whether a key with dots, as attributes have it, is one of the paths. */
export function isPathTo(root: PathNode, dottedKey: string): boolean {
  const parts = dottedKey.split('.');
  return parts.reduce<readonly PathNode[]>(placesBelow, [root]).some(({ isEnd }) => isEnd);
}

function newNode(): PathNode {
  return { children: new Map(), any: undefined, isEnd: false };
}

function childOf(node: PathNode, key: string): PathNode {
  if (key === '*') {
    node.any ??= newNode();
    return node.any;
  }
  let child = node.children.get(key);
  if (child === undefined) {
    child = newNode();
    node.children.set(key, child);
  }
  return child;
}
