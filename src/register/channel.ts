import { BroadcastChannel, receiveMessageOnPort } from 'node:worker_threads';

/** A channel to all threads of the process that have one of the same name. It keeps no thread alive. */
export interface Channel {
  /** What is posted is on its way before this returns, whatever the other threads do. */
  post(message: unknown): void;
  hear(listener: (message: unknown) => void): void;
  /** The next message that has come and was not heard yet; `undefined` where there is none. */
  next(): unknown;
}

export function openChannel(name: string): Channel {
  const channel = new BroadcastChannel(name);
  (channel as unknown as { unref(): void }).unref();
  return {
    post: (message) => channel.postMessage(message),
    hear(listener) {
      channel.onmessage = (event) => listener((event as { readonly data: unknown }).data);
    },
    next: () => receiveMessageOnPort(channel as unknown as Parameters<typeof receiveMessageOnPort>[0])?.message,
  };
}
