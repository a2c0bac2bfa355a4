// What the scripts of versions are told: `[14 15 ...] [--into PAGE] [-- test path ...]`.

export function readArguments() {
  const [own, paths] = splitAt(process.argv.slice(2), '--');
  const into = own.includes('--into') ? own.splice(own.indexOf('--into'), 2)[1] : undefined;
  return { majors: own, paths, into };
}

function splitAt(list, separator) {
  const at = list.indexOf(separator);
  return at < 0 ? [list, []] : [list.slice(0, at), list.slice(at + 1)];
}
