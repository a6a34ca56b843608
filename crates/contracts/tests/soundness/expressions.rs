//! Generates expressions from dice: each throw selects a form of one kind of expression. Fewer and lower numbers make
//! simpler expressions, so that a failure shrinks to its cause.
//!
//! Most of the special forms here are edge cases: paths that may yield nothing or several values, read without a
//! condition, behind a condition that rules out the problem, or behind one that only seems to. Inference has to refuse
//! many of them. Where it does not, it has to be right.

/// Paths that can each go wrong in a different way.
const SUBJECTS: &[&str] = &[
    "$states.input.opt",
    "$states.input.deep",
    "$states.input.deep.leaf",
    "$states.input.odd",
    "$states.input.odd.n",
    "$states.input.o.x",
    "$states.input.o.y",
    "$states.input.o.z",
    "$states.input.rows.p",
    "$states.input.rows.t",
    "$states.input.rows.p[0]",
    "$states.input.rows.t[0]",
    "$states.input.rows[0].p",
    "$states.input.rows[p > 0]",
    "$states.input.rows[0]",
    "$states.input.rows[-1]",
    "$states.input.rows[1].p",
    "$states.input.names[1]",
    "$states.input.list[0]",
    "$states.input.rows",
    "$states.input.list",
    "$v.n",
    "$v.o",
    "$v.o.n",
    "$v",
];

/// A sequence of numbers. Once they are used up, every throw is 0.
pub(crate) struct Dice<'a> {
    numbers: std::slice::Iter<'a, u8>,
    depth: usize,
    /// The possible roots of a path here.
    roots: Vec<&'static str>,
}

impl<'a> Dice<'a> {
    pub(crate) fn new(numbers: &'a [u8]) -> Dice<'a> {
        Dice { numbers: numbers.iter(), depth: 0, roots: vec!["$states.input", "$states.input", "$v"] }
    }

    pub(crate) fn throw(&mut self, sides: usize) -> usize {
        self.numbers.next().map_or(0, |number| usize::from(*number) % sides)
    }

    fn one_of(&mut self, choices: &[&'static str]) -> &'static str {
        let at = self.throw(choices.len());
        choices.get(at).copied().unwrap_or_default()
    }

    /// Selects a form. At great depth it selects only one of the first `leaves`.
    fn form(&mut self, leaves: usize, forms: usize) -> usize {
        if self.depth > 4 { self.throw(leaves) } else { self.throw(forms) }
    }

    fn deeper(&mut self, expression: fn(&mut Dice<'a>) -> String) -> String {
        self.depth += 1;
        let text = expression(self);
        self.depth -= 1;
        text
    }

    fn within(&mut self, root: &'static str, expression: fn(&mut Dice<'a>) -> String) -> String {
        self.roots.push(root);
        let text = self.deeper(expression);
        self.roots.pop();
        text
    }
}

/// Generates a whole expression: any kind, or one of the two edge-case forms.
pub(crate) fn whole(dice: &mut Dice<'_>) -> String {
    match dice.throw(3) {
        0 => any(dice),
        1 => guarded(dice),
        _ => of_list(dice),
    }
}

fn any(dice: &mut Dice<'_>) -> String {
    match dice.form(4, 12) {
        0 => path(dice),
        1 => number(dice),
        2 => text(dice),
        3 => truth(dice),
        4 => list(dice),
        5 => object(dice),
        6 => format!("({} ? {} : {})", dice.deeper(truth), dice.deeper(any), dice.deeper(any)),
        7 | 8 => guarded(dice),
        9 => of_list(dice),
        10 => format!("[{}]", dice.one_of(SUBJECTS)),
        _ => dice.one_of(SUBJECTS).to_owned(),
    }
}

/// Generates a path or its parent behind a condition about it, which may or may not suffice.
fn guarded(dice: &mut Dice<'_>) -> String {
    let path = match dice.throw(4) {
        0 => path(dice),
        _ => dice.one_of(SUBJECTS).to_owned(),
    };
    let constant = dice.one_of(&["'A'", "null", "true", "'ready'"]);
    let about = match dice.throw(10) {
        0 => format!("$exists({path})"),
        1 => path.clone(),
        2 => format!(
            "$count({path}) {} {}",
            dice.one_of(&[">", ">=", "=", "!=", "<", "<="]),
            dice.one_of(&["0", "1", "2"])
        ),
        3 => format!("{} < $count({path})", dice.one_of(&["0", "1"])),
        4 => {
            let kind = dice.one_of(&["'string'", "'number'", "'array'", "'object'", "'null'", "'boolean'"]);
            format!("$type({path}) {} {kind}", dice.one_of(&["=", "!="]))
        }
        5 => format!("{path} {} {constant}", dice.one_of(&["=", "!="])),
        6 => format!("$boolean({path})"),
        7 | 8 => format!("($exists({path}) and {path} = {constant})"),
        _ => format!("($exists({path}) and {path} != {constant})"),
    };
    let condition = match dice.throw(6) {
        0 => about,
        1 => format!("$not({about})"),
        2 => format!("({about} and {})", dice.deeper(truth)),
        3 => format!("({about} or {})", dice.deeper(truth)),
        4 => format!("($not({about}) and {})", dice.deeper(truth)),
        _ => format!("($not({about}) or {})", dice.deeper(truth)),
    };
    let around = path.rsplit_once('.').map_or(path.as_str(), |(around, _)| around);
    let read = match dice.throw(8) {
        0 | 1 => around.to_owned(),
        2 => format!("{path}[0]"),
        3 => format!("{path}[1]"),
        4 => format!("($f := function($x) {{ $x }}; $f({path}))"),
        _ => path.clone(),
    };
    match dice.throw(2) {
        0 => format!("({condition} ? {read} : {})", dice.deeper(any)),
        _ => format!("({condition} ? {} : {read})", dice.deeper(any)),
    }
}

/// Generates functions and steps of a list, which may be a list, empty, a single item or absent.
pub(crate) fn of_list(dice: &mut Dice<'_>) -> String {
    let list = dice.one_of(SUBJECTS);
    match dice.throw(11) {
        0 => format!("$sum({list})"),
        1 => format!("$max({list})"),
        2 => format!("$reverse({list})"),
        3 => format!("$distinct({list})"),
        4 => format!("$sort({list})"),
        5 => format!("$append({list}, {})", dice.deeper(any)),
        6 => format!("$append({}, {list})", dice.deeper(any)),
        7 => format!("$map({list}, function($i) {{ {} }})", dice.within("$i", any)),
        8 => format!("$filter({list}, function($i) {{ {} }})", dice.within("$i", truth)),
        9 => format!("{list}.({})", dice.within("$", any)),
        _ => format!("$count({list})"),
    }
}

fn path(dice: &mut Dice<'_>) -> String {
    let roots = dice.roots.clone();
    let root = dice.one_of(&roots);
    let mut path = root.to_owned();
    // The evaluator reports that the item itself, `$`, does not exist, so a field of it is read.
    let least = usize::from(root == "$");
    for _ in 0..dice.throw(4).max(least) {
        let name = dice.one_of(&[
            "n", "o", "rows", "deep", "odd", "p", "t", "x", "y", "z", "kind", "leaf", "opt", "list",
        ]);
        path = format!("{path}.{name}");
        path += dice.one_of(&["", "", "", "", "[0]", "[-1]", "[]", "[p > 1]", "[kind = 'A']"]);
    }
    path
}

pub(crate) fn number(dice: &mut Dice<'_>) -> String {
    match dice.form(3, 18) {
        14 => {
            format!("${}([{}, {}])", dice.one_of(&["max", "min"]), dice.deeper(number), dice.deeper(number))
        }
        15 => format!(
            "$power({}, {})",
            dice.one_of(&["2", "0.5"]),
            dice.one_of(&["2", "$count($states.input.list)"])
        ),
        16 => format!(
            "($f := function($a, $b) {{ $a + $b }}; $f({}, {}))",
            dice.deeper(number),
            dice.deeper(number)
        ),
        17 => format!("({} ~> function($x) {{ $x }})", dice.deeper(number)),
        0 => dice.one_of(&["0", "1", "2.5", "-1"]).to_owned(),
        1 => "$states.input.n".to_owned(),
        2 => path(dice),
        3 => {
            let op = dice.one_of(&["+", "-", "*"]);
            format!("({} {op} {})", dice.deeper(number), dice.deeper(number))
        }
        4 => format!("$count({})", dice.deeper(list)),
        5 => format!("$sum([{}])", dice.deeper(numbers)),
        6 => format!("$length({})", dice.deeper(text)),
        7 => format!("${}({})", dice.one_of(&["abs", "floor", "ceil", "round"]), dice.deeper(number)),
        8 => format!("({} ? {} : {})", dice.deeper(truth), dice.deeper(number), dice.deeper(number)),
        9 => format!("$number($string({}))", dice.deeper(number)),
        10 => format!("($x := {}; {})", dice.deeper(any), dice.within("$x", number)),
        11 => format!("${}([{}, 1])", dice.one_of(&["max", "min", "average"]), dice.deeper(numbers)),
        // The evaluator makes no error of a division by 0, as it should.
        12 => format!("({} {} 2)", dice.deeper(number), dice.one_of(&["/", "%"])),
        _ => "($states.input.o.kind = 'A' ? $states.input.o.x : 0)".to_owned(),
    }
}

fn numbers(dice: &mut Dice<'_>) -> String {
    match dice.form(2, 4) {
        0 => "$states.input.list".to_owned(),
        1 => "$states.input.rows.p".to_owned(),
        2 => format!("$sort([{}])", dice.deeper(numbers)),
        _ => format!("[{}, {}]", dice.deeper(number), dice.deeper(numbers)),
    }
}

pub(crate) fn text(dice: &mut Dice<'_>) -> String {
    match dice.form(3, 11) {
        0 => dice.one_of(&["''", "'A'", "'ready'"]).to_owned(),
        1 => "$states.input.s".to_owned(),
        2 => path(dice),
        3 => format!("({} & {})", dice.deeper(any), dice.deeper(text)),
        4 => format!("$string({})", dice.deeper(any)),
        5 => format!("${}({})", dice.one_of(&["uppercase", "trim", "lowercase"]), dice.deeper(text)),
        6 => format!("$substring({}, {})", dice.deeper(text), dice.deeper(number)),
        7 => format!("$join([$states.input.names, {}], '-')", dice.deeper(text)),
        8 => format!("({} ? {} : {})", dice.deeper(truth), dice.deeper(text), dice.deeper(text)),
        9 => format!("$substringBefore({}, {})", dice.deeper(text), dice.deeper(text)),
        _ => format!("$type({})", dice.deeper(any)),
    }
}

pub(crate) fn truth(dice: &mut Dice<'_>) -> String {
    match dice.form(4, 14) {
        0 => dice.one_of(&["true", "false"]).to_owned(),
        1 => "$states.input.f".to_owned(),
        2 => format!("$exists({})", path(dice)),
        3 => "$states.input.o.kind = 'A'".to_owned(),
        4 => format!("{} = {}", dice.deeper(any), dice.deeper(any)),
        5 => format!("{} != {}", dice.deeper(any), dice.deeper(any)),
        6 => format!("{} < {}", dice.deeper(number), dice.deeper(number)),
        7 => format!("({} and {})", dice.deeper(truth), dice.deeper(truth)),
        8 => format!("({} or {})", dice.deeper(truth), dice.deeper(truth)),
        9 => format!("$not({})", dice.deeper(truth)),
        10 => format!("$contains({}, {})", dice.deeper(text), dice.deeper(text)),
        11 => format!("{} in {}", dice.deeper(number), dice.deeper(list)),
        12 => format!("$boolean({})", dice.deeper(any)),
        _ => {
            let path = path(dice);
            let constant = dice.one_of(&["'A'", "null", "true", "'ready'"]);
            format!("($exists({path}) and {path} = {constant})")
        }
    }
}

pub(crate) fn list(dice: &mut Dice<'_>) -> String {
    match dice.form(3, 18) {
        17 => format!("[$keys({})]", dice.deeper(object)),
        0 => dice.one_of(&["[]", "[1..3]", "['A']", "[2..1]", "[0, 1..2]"]).to_owned(),
        1 => format!("$states.input.{}", dice.one_of(&["list", "names", "rows"])),
        2 => format!("[{}]", path(dice)),
        3 => format!("[{}, {}]", dice.deeper(any), dice.deeper(any)),
        4 => format!("$append({}, {})", dice.deeper(list), dice.deeper(any)),
        5 => format!("[$map({}, function($i) {{ {} }})]", dice.deeper(list), dice.within("$i", any)),
        6 => format!("[$filter({}, function($i) {{ {} }})]", dice.deeper(list), dice.within("$i", truth)),
        7 => format!("$reverse({})", dice.deeper(list)),
        8 => format!("[$distinct({})]", dice.deeper(list)),
        9 => format!("[$states.input.rows[{}]]", dice.within("$", truth)),
        10 => format!("[$states.input.rows.({})]", dice.within("$", any)),
        11 => "[$states.input.rows^(p)]".to_owned(),
        12 => format!("$split({}, '-')", dice.deeper(text)),
        13 => format!("[$states.input.rows.{{'p': p, 'more': {}}}]", dice.deeper(any)),
        14 => "$sort([$states.input.rows], function($l, $r) { $l.p > $r.p })".to_owned(),
        15 => format!("{}[]", path(dice)),
        _ => format!("$append({}, {})", path(dice), path(dice)),
    }
}

fn object(dice: &mut Dice<'_>) -> String {
    match dice.form(2, 5) {
        0 => "$states.input.o".to_owned(),
        1 => format!("{{'n': {}}}", path(dice)),
        2 => format!("{{'n': {}, 'o': {}}}", dice.deeper(any), dice.deeper(any)),
        3 => format!("$merge([{}, {}])", dice.deeper(object), dice.deeper(object)),
        _ => format!("({} ? {} : {})", dice.deeper(truth), dice.deeper(object), dice.deeper(object)),
    }
}
