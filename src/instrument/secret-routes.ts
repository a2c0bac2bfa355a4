/** Whether the path or route is one whose bodies are never kept. */
export type SecretRoutes = (path: string) => boolean;

/** Routes that have one of these texts anywhere, whatever the case and however the path is escaped. The query does not count. */
export function createSecretRoutes(texts: readonly string[]): SecretRoutes {
  const wanted = texts.map((text) => text.toLowerCase());
  return (path) => {
    const plain = `${unescaped(withoutQuery(path)).toLowerCase()}/`;
    return wanted.some((text) => plain.includes(text));
  };
}

function withoutQuery(path: string): string {
  return path.includes('?') || path.includes('#') ? path.replace(/[?#].*$/s, '') : path;
}

function unescaped(path: string): string {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
