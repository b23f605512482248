// Signs are drawn in the page's idle time; whoever wants them earlier gets null, and ready() is called later.
const signing = new Map();
const signsOf = (data, size) => signing.get(size)?.signs ?? null;
const drawSigns = (data, size, ready) => {
  if (signing.has(size)) return;
  const work = signFlips(data.random, data.random.flips, size);
  const drawn = {
    signs: null,
    step: () => {
      const { done, value } = work.next();
      if (done) drawn.signs = value;
    },
  };
  signing.set(size, drawn);
  const go = () => {
    if (!drawn.signs) drawn.step();
    if (!drawn.signs) return setTimeout(go);
    ready();
  };
  setTimeout(go);
};

// A sheet of paper cannot be told later.
const finishSigns = (data, size, ready) => {
  drawSigns(data, size, ready);
  const drawn = signing.get(size);
  while (!drawn.signs) drawn.step();
};
