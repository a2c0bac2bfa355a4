// Loaded before spanledger: the wall clock of this process is an hour behind.
const hourMillis = 3_600_000;
const wallClock = Date.now;
Date.now = () => wallClock() - hourMillis;
