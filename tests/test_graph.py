"""Graphs, plans, priorities: what needs whom, what must run, what first."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from checkpoint_nb import checkpoint, events, task
from checkpoint_nb.explaining.why import differences
from checkpoint_nb.graph import build
from checkpoint_nb.plan import Plan
from checkpoint_nb.priority import remaining_path
from checkpoint_nb.ready import Ready
from checkpoint_nb.states import State
from checkpoint_nb.stores.memory import MemoryStore


@checkpoint
def node(name, needed=()):
    return name, needed


def chain(length):
    call = node("n0")
    for number in range(1, length):
        call = node(f"n{number}", [call])
    return call


def test_what_a_node_needs_stands_before_it():
    """Nodes are in topological order, each once, however many need it."""
    base = node("base")
    left, right = node("left", [base]), node("right", [base])
    graph = build([node("top", [left, right])])
    assert len(graph) == 4
    assert all(above < number for number, needed in enumerate(graph.upstream) for above in needed)
    assert graph.digraph.number_of_edges() == 4


def test_below_is_the_node_and_all_downstream():
    """Clear with downstream takes exactly what depends on the node."""
    base = node("base")
    left, right = node("left", [base]), node("right")
    graph = build([node("top", [left, right])])
    top = graph.nodes[graph.targets[0]]
    assert {n.id for n in graph.below([base.id])} == {base.id, left.id, top.id}


def test_a_deep_graph_needs_no_recursion():
    """Building and planning 20,000 nodes in a row works under the default limit."""
    graph = build([chain(20_000)])
    assert len(graph) == 20_000
    assert graph.upstream[-1] == (19_998,)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(0, 30), max_size=4), max_size=30))
def test_any_acyclic_graph_is_ordered(shape):
    """Whatever the shape, every node comes after all it needs."""
    nodes = [node("root")]
    for number, needed in enumerate(shape):
        nodes.append(node(number, [nodes[n % len(nodes)] for n in needed]))
    graph = build(nodes)
    assert len(graph) == len(nodes)
    assert all(above < number for number, needed in enumerate(graph.upstream) for above in needed)


def test_a_plan_says_fresh_stale_and_pending(session):
    """Never ran, then fresh, then cleared with what is downstream pending, each with its reason."""
    base = node("base")
    top = node("top", [base])
    plan = session.plan([top])
    assert [(d.state, d.reason) for d in plan.decisions] == [
        (State.STALE, "never ran"),
        (State.PENDING, f"waits for {base.label}"),
    ]
    top.run()
    assert session.plan([top]).left == ()
    base.clear()
    plan = session.plan([top])
    assert [(d.state.word, d.reason) for d in plan.decisions] == [
        ("stale", "cleared"),
        ("pending", f"waits for {base.label}"),
    ]


def test_longest_remaining_path_goes_first(session):
    """A node with much behind it has the higher priority; recorded times count."""
    long = chain(5)
    short = node("alone")
    plan = session.plan([node("end", [long]), short])
    first = remaining_path(plan)
    start = plan.graph.number[node("n0").id]
    assert first[start] == max(first.values())
    assert first[start] > first[plan.graph.number[short.id]]


def limited_plan():
    @checkpoint(max_concurrency=1)
    def limited(n):
        return n

    return build([limited(0), limited(1), node("free")])


def test_a_limited_task_lets_others_pass():
    """While one node of a limited task runs, another is put aside and the next task goes."""
    graph = limited_plan()
    ready = Ready(graph, {0: 3.0, 1: 2.0, 2: 1.0})
    for number in range(3):
        ready.push(number)
    assert [ready.pop(), ready.pop(), ready.pop()] == [0, 2, None]
    assert ready
    ready.done(0)
    assert ready.pop() == 1
    assert not ready


def test_why_is_a_difference_of_parts():
    """Changed, new and gone parts are told by their labels."""
    from checkpoint_nb.parts import Part

    before = {"argument n": Part("1", "10"), "helper g": Part("2"), "numpy": Part("3", "2.3")}
    now = {"argument n": Part("4", "20"), "helper g": Part("5"), "scipy": Part("6", "1.0")}
    assert differences(before, now) == [
        "argument n changed: 10 → 20",
        "helper g changed",
        "scipy is new",
        "numpy is gone",
    ]
    assert differences(now, now) == []


def test_why_names_the_helper_and_the_argument(session):
    """A redefined helper is named by ``why``; a fresh node says what it was matched on."""
    space: dict = {}
    text = (
        "from checkpoint_nb import checkpoint\n"
        "def scale(x): return x * {factor}\n"
        "@checkpoint\ndef work(n): return scale(n)\n"
    )
    exec(text.format(factor=2), space)
    space["work"](3).run()
    assert any("n = 3" in line for line in space["work"](3).why())
    exec(text.format(factor=5), space)
    assert any("helper scale changed" in line for line in space["work"](3).why())


def test_uncacheable_work_runs_every_time_and_says_why(session):
    """A task that reaches what has no fingerprint is run again, never served from the store."""
    handle = open(__file__)

    @checkpoint
    def reads():
        return handle is not None

    for _ in range(2):
        result, info = reads().run_with_info()
        assert (result, info["ran"]) == (True, {"reads": 1})
    assert any("cannot be cached" in line for line in reads().why())


def test_early_cut_off_is_told_as_reused(session, trace):
    """A node spared because upstream came out the same is told, with the seconds saved."""
    base = node("base")
    top = node("top", [base])
    top.run()
    base.clear()
    top.run()
    names = {base.id: "base", top.id: "top"}
    told = [
        (type(event).__name__, names[event.node])
        for event in trace
        if isinstance(event, events.NodeFinished | events.NodeReused)
    ]
    assert sorted(told) == [
        ("NodeFinished", "base"),
        ("NodeFinished", "base"),
        ("NodeFinished", "top"),
        ("NodeReused", "top"),
    ]


def test_a_plan_against_an_empty_store_plans_everything():
    """Nothing stored: all roots stale, the rest pending, and stats count them by task."""
    from checkpoint_nb.plan import make_plan

    plan = make_plan(build([chain(4)]), MemoryStore())
    assert isinstance(plan, Plan)
    assert plan.stats() == {"node": 4}
    assert [len(step["node"]) for step in plan.generations()] == [4, 3, 2, 1]


def test_a_builder_may_take_a_task_as_an_argument(session):
    """A Task handed to a ``@task`` function is there as it is, to be required."""
    from checkpoint_nb import requires

    @task
    def doubled(source):
        @requires(source)
        def run(value):
            return value * 2

        return run

    assert doubled(node(4)).run() == (4, (), 4, ())
