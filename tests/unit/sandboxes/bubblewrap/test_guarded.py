from agentrl.sandboxes.bubblewrap.guarded import MOST_MOUNTS, guarding_options


def mounts(found: list[str]) -> list[tuple[str, str]]:
    options = guarding_options("".join(f"{entry}\0" for entry in found).encode())
    assert [words[7:] for words in options[1::3]] == [words[2:] for words in options[2::3]]
    return [
        ({"--bind-try": "kept", "--ro-bind-try": "closed"}[how], place)
        for how, place in zip(options[::3], options[2::3], strict=True)
    ]


def test_folders_are_kept_in_place_and_files_closed_what_holds_others_first() -> None:
    found = ["dtestbed/t/a", "ftestbed/t/a/x", "ftestbed/s.cfg", "dtestbed/t", "dtestbed"]

    assert mounts(found) == [
        ("kept", "/testbed"),
        ("closed", "/testbed/s.cfg"),
        ("kept", "/testbed/t"),
        ("kept", "/testbed/t/a"),
        ("closed", "/testbed/t/a/x"),
    ]


def test_of_very_many_files_the_folders_are_closed_instead() -> None:
    many = [f"ftestbed/t/a/{number}" for number in range(MOST_MOUNTS)]
    found = ["dtestbed", "dtestbed/t", "dtestbed/t/a", "dtestbed/u", "ftestbed/s.cfg", *many]

    assert mounts(found) == [
        ("kept", "/testbed"),
        ("closed", "/testbed/s.cfg"),
        ("closed", "/testbed/t"),
        ("closed", "/testbed/u"),
    ]


def test_names_that_are_no_text_and_nothing_at_all_are_taken() -> None:
    assert guarding_options(b"") == ()
    assert guarding_options(b"ft/\xff\n\0")[2] == "/t/\udcff\n"
