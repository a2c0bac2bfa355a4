# Listens as systemd does, on a unix datagram socket, and prints each message as a line of JSON with its time.
import json, os, socket, sys, time

path = sys.argv[1]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(path)
print(json.dumps({"listening": path}), flush=True)
while True:
    text = listener.recv(65536).decode()
    print(json.dumps({"at": time.time() * 1000, "words": text.split("\n")}), flush=True)
