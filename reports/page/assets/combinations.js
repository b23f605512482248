// Several attributes together, such as LI+TC: the sequences that have all of them. A combination that was asked for
// stands behind the benchmark's own attributes, and is an attribute for all views.

const partsOf = (board, a) => board.attributes[a].of ?? [a];

// Its place, by names joined as the command line joins them; 0, all sequences, if a name is not known.
const attributeAt = (board, name) => {
  const known = board.attributes.findIndex((attribute) => attribute.name === name);
  if (known >= 0) return known;
  const parts = String(name)
    .split("+")
    .map((part) => board.attributes.findIndex((attribute) => !attribute.of && attribute.name === part));
  return parts.every((part) => part > 0) && board.sequences.length ? combine(board, parts) : 0;
};

const combine = (board, parts) => {
  const chosen = [...new Set(parts)].filter((part) => part > 0).sort((x, y) => x - y);
  if (chosen.length < 2) return chosen[0] ?? 0;
  const all = chosen.map((part) => board.attributes[part]);
  const name = all.map((attribute) => attribute.name).join("+");
  const known = board.attributes.findIndex((attribute) => attribute.name === name);
  if (known >= 0) return known;
  const meaning = all.map((attribute) => attribute.meaning).join(" and ");
  return board.attributes.push({ name, meaning, of: chosen, sequences: null, frames: null }) - 1;
};

// Counted when it is made: data is not known to the address.
const countCombination = (data, board, a) => {
  const attribute = board.attributes[a];
  if (!attribute.of || attribute.sequences !== null) return;
  const members = board.sequences.map((_, s) => s).filter((s) => hasAttribute(data, board, s, a));
  attribute.sequences = members.length;
  attribute.frames = members.reduce((sum, s) => sum + board.frames[s], 0);
};

// How many sequences have these attributes and one more, for each of them.
const together = (data, board, parts) =>
  board.attributes.map((attribute, a) =>
    attribute.of || a === 0
      ? 0
      : board.sequences.filter((_, s) => [...parts, a].every((part) => hasAttribute(data, board, s, part))).length,
  );

// One choice for each attribute of the combination, and one more to add another.
const attributeFields = (state) => {
  const { data, shown: board } = state;
  const parts = partsOf(board, state.attribute).filter((part) => part > 0);
  const own = board.attributes.map((attribute, a) => ({ ...attribute, a })).filter(({ of }) => !of);
  if (own.length < 2) return null;
  const choose = (at) => (value) => {
    const next = parts.slice();
    next.splice(at, 1, Number(value));
    const attribute = combine(board, at === 0 && value === "0" ? [] : next);
    countCombination(data, board, attribute);
    state.set({ attribute });
  };
  const field = (part, at) => {
    const others = parts.filter((other) => other !== part);
    const counts = at && board.sequences.length ? together(data, board, others) : null;
    const options = own
      .filter(({ a }) => a === 0 || a === part || (!others.includes(a) && (counts === null || counts[a] > 0)))
      .map(({ a, name, meaning, sequences }) => {
        const count = counts ? counts[a] : sequences;
        const all = at ? "–" : `All ${sequences} sequences`;
        return [a, a ? `${name}, ${meaning}${count === null ? "" : ` (${count})`}` : all];
      });
    return select(at ? "and" : "Attribute", at ? `attribute ${at + 1}` : "attribute", options, part, choose(at));
  };
  const fields = parts.length ? parts.map(field) : [field(0, 0)];
  if (parts.length && board.sequences.length) fields.push(field(0, parts.length));
  return fields;
};

// Whether a sequence is what was searched for: by its name, or by attributes. LI in capitals is the attribute alone;
// "low illumination" is looked up; LI+TC wants both.
const searchTest = (state, text) => {
  const { data, shown: board } = state;
  const tests = text
    .split("+")
    .map((part) => part.trim())
    .filter(Boolean)
    .map((part) => {
      const lowered = part.toLowerCase();
      const exact = board.attributes.findIndex(({ name, of }) => !of && name === part);
      const meant = board.attributes
        .map((attribute, a) => ({ ...attribute, a }))
        .filter(
          ({ name, meaning, of, a }) =>
            a > 0 &&
            !of &&
            (name.toLowerCase() === lowered || (lowered.length > 2 && meaning.toLowerCase().includes(lowered))),
        )
        .map(({ a }) => a);
      if (exact > 0) return (s) => hasAttribute(data, board, s, exact);
      return (s, name) => name.toLowerCase().includes(lowered) || meant.some((a) => hasAttribute(data, board, s, a));
    });
  return (s) => tests.every((test) => test(s, board.sequences[s]));
};
