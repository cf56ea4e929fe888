"""Draws the figures of a run as one SVG file, a panel for each bench that was run."""
import os

COLOURS = {
    "Socializer": "#0b7285", "Socializer, RPC": "#0b7285", "Socializer, HTTP": "#66a7b3",
    "gRPC C++": "#e8590c", "nginx return 200": "#e8590c", "nginx nchan": "#e8590c",
    "FastAPI": "#868e96", "SQLite, the message": "#e9b949", "SQLite, all rows of a call": "#b3812a",
}  # fmt: skip
OTHERS = ("#0b7285", "#e8590c", "#868e96", "#b3812a", "#5f3dc4", "#2b8a3e")


def put_legend(axes):
    axes.legend(frameon=False, fontsize=8, ncol=3, loc="upper center", bbox_to_anchor=(0.5, -0.14))


def lines(axes, series, **labels):
    """series: {name: ([x], [y])}; "NAME, 16 in flight" is drawn as NAME, dashed."""
    ticks = []
    for n, (name, (x, y)) in enumerate(series.items()):
        colour = COLOURS.get(name.removesuffix(", 1 in flight").removesuffix(", 16 in flight"))
        axes.plot(x, y, marker="o", markersize=4, label=name, color=colour or OTHERS[n % len(OTHERS)],
                  linestyle="--" if name.endswith(", 16 in flight") else "-")  # fmt: skip
        ticks = x
    axes.set(**labels)
    axes.set_xticks(ticks, [f"{t:,}" for t in ticks])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    put_legend(axes)


def bars(axes, groups, **labels):
    """groups: {group: {name: value}}"""
    names = list(dict.fromkeys(name for values in groups.values() for name in values))
    width = 0.84 / len(names)
    for n, name in enumerate(names):
        places = [g + n * width for g, values in enumerate(groups.values()) if name in values]
        heights = [values[name] for values in groups.values() if name in values]
        drawn = axes.bar(places, heights, width * 0.95, label=name, color=COLOURS.get(name))
        axes.bar_label(drawn, [f"{h:,.0f}" for h in heights], fontsize=7)
    axes.set_xticks([g + 0.42 - width / 2 for g in range(len(groups))], list(groups))
    axes.set(yscale="log", **labels)
    axes.margins(y=0.1)
    put_legend(axes)


def by_name(results, value):
    """{x: {name: figures}} → {name: ([x], [value(figures)])}"""
    names = next(iter(results.values()))
    return {
        name: (list(results), [value(r[name]) for r in results.values()]) for name in names
    }


def draw_rpc(axes, figures):
    unix = {int(key.rsplit(" ", 1)[1]): r for key, r in figures.items() if key.startswith("a unix")}
    lines(axes, by_name(unix, lambda r: 1e6 / r["cpu"]), xscale="log", yscale="log",
          title="GetMe over a unix socket", xlabel="in flight",
          ylabel="calls per CPU second")  # fmt: skip


def draw_pace(axes, figures):
    lines(axes, by_name(figures, lambda r: r["p99"] / 1000), xscale="log", yscale="log",
          title="GetMe at a pace, open loop", xlabel="calls a second", ylabel="p99, ms")  # fmt: skip


def draw_http(axes, figures):
    bars(axes, {f"{n} connections": {name: r["rate"] for name, r in rows.items()}
                for n, rows in figures.items()},
         title="GET /users/me/", ylabel="requests a second")  # fmt: skip


def draw_messages(axes, figures):
    bars(axes, {f"{n} in flight": {name: r["rate"] for name, r in rows.items()}
                for n, rows in figures.items()},
         title="Durable messages", ylabel="messages a second")  # fmt: skip


def draw_fanout(axes, figures):
    series = {}
    for key, results in figures.items():
        sockets, in_flight = key.split(", ")
        for name, r in results.items():
            x, y = series.setdefault(f"{name}, {in_flight} in flight", ([], []))
            x.append(int(sockets))
            y.append(r["cpu"])
    lines(axes, series, xscale="log", title="Fan-out", xlabel="sockets in the room",
          ylabel="server CPU µs a delivery")  # fmt: skip


def draw_growth(axes, figures):
    names = {"user": "a user", "room": "a room", "rooms": "a user's rooms",
             "messages": "the last 50 messages", "search": "a search", "append": "a new message"}
    lines(axes, {names[key]: (list(figures["store"]), [r[key] for r in figures["store"].values()])
                 for key in names},
          xscale="log", yscale="log", title="Growth: the store alone", xlabel="messages stored",
          ylabel="CPU µs an operation")  # fmt: skip


PANELS = {"rpc": draw_rpc, "pace": draw_pace, "http": draw_http, "messages": draw_messages,
          "fanout": draw_fanout, "growth": draw_growth}  # fmt: skip


def draw(figures, path):
    wanted = [name for name in PANELS if name in figures]
    if not wanted:
        return
    try:
        import matplotlib
    except ImportError:
        print("\nNo plot: python3-matplotlib is missing; run scripts/deps --bench")
        return
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "bench", "font.size": 9,
                                "axes.spines.top": False, "axes.spines.right": False})  # fmt: skip
    from matplotlib import pyplot

    columns = min(2, len(wanted))
    rows = -(-len(wanted) // columns)
    figure, all_axes = pyplot.subplots(
        rows, columns, squeeze=False, figsize=(5.4 * columns, 4 * rows), layout="constrained"
    )
    for axes in all_axes.flat[len(wanted):]:
        axes.remove()
    for name, axes in zip(wanted, all_axes.flat):
        PANELS[name](axes, figures[name])
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    print(f"\nDrawn: {os.path.relpath(path)}")
