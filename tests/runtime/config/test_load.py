"""Layers, refusals and origins."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.config import Config, Loaded, load
from runtime.errors import ConfigError
from runtime.limits import Limits

KEYS = [setting.key for setting in load(environ={}).settings]


def read(tmp_path: Path, text: str, environ: dict[str, str] | None = None, **overrides: object) -> Loaded:
    path = tmp_path / "inglenook.toml"
    path.write_text(text)
    return load(
        path, environ=environ or {}, overrides={k.replace("__", "."): v for k, v in overrides.items()}
    )


def refusal(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text, environ)
    return str(caught.value)


def origins(loaded: Loaded) -> dict[str, str]:
    return {setting.key: setting.origin for setting in loaded.settings}


def test_nothing_given_is_all_defaults() -> None:
    loaded = load(environ={"HOME": "/nonexistent"})
    assert loaded.config == Config()
    assert loaded.file is None
    assert {setting.origin for setting in loaded.settings} == {"default"}
    assert loaded.config.server.host == "127.0.0.1"
    assert loaded.config.limits == Limits()


def test_every_field_of_every_section_is_a_setting() -> None:
    fields = {
        f"{section.name}.{field.name}"
        for section in dataclasses.fields(Config)
        for field in dataclasses.fields(getattr(Config(), section.name))
    }
    assert set(KEYS) == fields


def test_command_line_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    text = "[server]\nport = 1\nhost = 'a'\n\n[model]\nname = 'm'\n"
    environ = {"INGLE_SERVER_PORT": "2", "INGLE_SERVER_HOST": "b"}
    loaded = read(tmp_path, text, environ, server__port=3, server__host=None)
    assert (loaded.config.server.port, loaded.config.server.host, loaded.config.model.name) == (3, "b", "m")
    assert origins(loaded)["server.port"] == "command line"
    assert origins(loaded)["server.host"] == "environment INGLE_SERVER_HOST"
    assert origins(loaded)["model.name"] == f"{tmp_path}/inglenook.toml:6"
    assert origins(loaded)["logging.level"] == "default"


def test_every_kind_of_value_is_read(tmp_path: Path) -> None:
    text = """
        server = { allowed_hosts = ["kitchen.local", "k"], key_file = "/run/key" }
        engine.threads = 3
        [limits]
        request_seconds = 5
        [mqtt]
        broker = "mqtts://broker.local"
        embedded = false
    """
    config = read(tmp_path, text).config
    assert config.server.allowed_hosts == ("kitchen.local", "k")
    assert config.server.key_file == Path("/run/key")
    assert config.engine.threads == 3
    assert config.limits.request_seconds == 5.0
    assert isinstance(config.limits.request_seconds, float)
    assert config.mqtt.broker == "mqtts://broker.local"
    assert config.mqtt.embedded is False


def test_environment_values_are_read_as_their_types() -> None:
    environ = {
        "INGLE_SERVER_ALLOWED_HOSTS": "a.local, b.local,",
        "INGLE_MQTT_EMBEDDED": "No",
        "INGLE_LIMITS_DRAIN_SECONDS": "2.5",
        "INGLE_ENGINE_THREADS": "4",
    }
    config = load(environ=environ).config
    assert config.server.allowed_hosts == ("a.local", "b.local")
    assert config.mqtt.embedded is False
    assert config.limits.drain_seconds == 2.5
    assert config.engine.threads == 4


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("[server]\nprot = 1", ["inglenook.toml:2", "server.prot", "did you mean server.port?"]),
        ("[sever]\nport = 1", ["inglenook.toml:1", "sever is not a setting", "did you mean server?"]),
        ("port = 1", ["inglenook.toml:1", "port is not a setting", "did you mean server.port?"]),
        ("[engine]\nkv_bytes = 5", ["inglenook.toml:2", "engine.kv_bytes", "did you mean limits.kv_bytes?"]),
        ("[limits]\nguess_ahead = true", ["limits.guess_ahead", "did you mean engine.guess_ahead?"]),
        ("[server]\nport = 70000", ["inglenook.toml:2", "server.port is 70000", "between 0 and 65535"]),
        ("[server]\nport = '8080'", ["server.port is '8080'", "a whole number"]),
        ("[server]\nport = true", ["server.port is True", "a whole number"]),
        ("[server]\nallowed_hosts = 'a'", ["server.allowed_hosts is 'a'", "a list"]),
        ("[server]\nallowed_hosts = [1]", ["server.allowed_hosts is 1", "a text"]),
        ("[mqtt]\nembedded = 1", ["mqtt.embedded is 1", "true or false"]),
        ("[mqtt]\nnode = 'a/b'", ["mqtt.node is 'a/b'", "letters"]),
        ("[mqtt]\nnode = 'any'", ["mqtt.node is 'any'", "choose another name"]),
        ("[mqtt]\nnode = 'devices'", ["mqtt.node is 'devices'", "choose another name"]),
        ("[mqtt]\nbroker = 'http://x'", ["mqtt.broker", "mqtt://host:1883"]),
        ("[mqtt]\nbroker = 'mqtt://x:99999'", ["mqtt.broker", "mqtt://host:1883"]),
        ("[mqtt]\nbroker = 'mqtt://'", ["mqtt.broker", "mqtt://host:1883"]),
        ("[mqtt]\npassword = 'x'", ["mqtt.password is not", "did you mean mqtt.password_file?"]),
        ("[logging]\nlevel = 'loud'", ["logging.level is 'loud'", "debug, info, warning, error"]),
        ("[limits]\nqueue_depth = 0", ["limits.queue_depth is 0", "above zero"]),
        ("[limits]\ndraft_tokens = 0", ["limits.draft_tokens is 0", "engine.guess_ahead = false switches"]),
        ("[limits]\nrequest_seconds = inf", ["limits.request_seconds is inf", "finite"]),
        ("[limits]\nrequest_seconds = nan", ["limits.request_seconds is nan", "finite"]),
        (f"[limits]\nrequest_seconds = {10**400}", ["limits.request_seconds", "finite"]),
        ("[engine]\nthreads = -1", ["engine.threads is -1", "between 1 and 1024"]),
        ("server = 3", ["inglenook.toml:1", "[server]"]),
        ("[server\n", ["inglenook.toml", "not valid TOML", "line 1"]),
        ("a = " + "[" * 5000, ["not valid TOML"]),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str, parts: list[str]) -> None:
    message = refusal(tmp_path, text)
    assert all(part in message for part in parts), message
    assert "\n" not in message


@pytest.mark.parametrize("field", [f.name for f in dataclasses.fields(Limits)])
@pytest.mark.parametrize("value", ["0", "-1"])
def test_every_limit_must_be_positive(field: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"limits.{field} is .* above zero"):
        load(environ={f"INGLE_LIMITS_{field.upper()}": value})


def test_a_misspelt_variable_is_refused_and_a_foreign_one_only_noted() -> None:
    with pytest.raises(
        ConfigError, match="INGLE_SERVER_PROT is not a setting; did you mean INGLE_SERVER_PORT"
    ):
        load(environ={"INGLE_SERVER_PROT": "1"})
    with pytest.raises(
        ConfigError, match=r"INGLE_ENGINE_KV_BYTES is .*; did you mean INGLE_LIMITS_KV_BYTES\?"
    ):
        load(environ={"INGLE_ENGINE_KV_BYTES": "5"})
    assert load(environ={"INGLE_PORT": "tcp://10.0.0.1:8080"}).ignored == ("INGLE_PORT",)


def test_a_wrong_variable_is_named() -> None:
    with pytest.raises(ConfigError, match=r"environment INGLE_SERVER_PORT: server\.port is 'many'"):
        load(environ={"INGLE_SERVER_PORT": "many"})


@pytest.mark.parametrize("broker", ["mqtt://me:hunter2@host", "mqtt://hunter2@host:1", "hunter2@"])
def test_a_password_in_the_broker_url_is_refused_and_not_repeated(tmp_path: Path, broker: str) -> None:
    message = refusal(tmp_path, f"[mqtt]\nbroker = '{broker}'")
    assert "mqtt.password_file" in message
    assert "hunter2" not in message


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--config names .*absent\.toml, which does not exist"):
        load(tmp_path / "absent.toml", environ={})
    with pytest.raises(ConfigError, match=r"\$INGLENOOK_CONFIG names .*absent\.toml"):
        load(environ={"INGLENOOK_CONFIG": str(tmp_path / "absent.toml")})
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path, environ={})
    (tmp_path / "latin.toml").write_bytes(b"# \xe9")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(tmp_path / "latin.toml", environ={})


def test_the_file_is_looked_for_where_it_may_be(tmp_path: Path) -> None:
    path = tmp_path / "inglenook" / "inglenook.toml"
    path.parent.mkdir()
    path.write_text("[server]\nport = 5\n")
    for environ in ({"INGLENOOK_CONFIG": str(path)}, {"XDG_CONFIG_HOME": str(tmp_path)}):
        loaded = load(environ=environ)
        assert (loaded.file, loaded.config.server.port) == (path, 5)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_in_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        load(path, environ={})
    except ConfigError as exc:
        assert "any.toml" in str(exc)  # noqa: PT017  any outcome but another exception is right


@given(
    st.dictionaries(st.sampled_from(["INGLE_" + key.replace(".", "_").upper() for key in KEYS]), st.text())
)
def test_any_environment_is_read_or_refused(environ: dict[str, str]) -> None:
    try:
        loaded = load(environ=environ)
    except ConfigError as exc:
        assert any(name in str(exc) for name in environ)  # noqa: PT017  as above
    else:
        assert {s.origin for s in loaded.settings if s.origin != "default"} == {
            f"environment {name}" for name in environ
        }


TOML_VALUES = {
    "server.port": st.integers(0, 65535),
    "server.allowed_hosts": st.lists(st.from_regex(r"[a-z.]{1,9}", fullmatch=True), max_size=3),
    "mqtt.embedded": st.booleans(),
    "mqtt.node": st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True).filter(
        lambda name: name not in {"any", "devices"}
    ),
    "limits.request_seconds": st.floats(0.001, 1e6),
}


@given(st.fixed_dictionaries({}, optional=TOML_VALUES), st.lists(st.sampled_from(["", "# note", "   "])))
def test_what_is_written_is_what_is_in_effect_and_its_line_is_right(
    tmp_path_factory: pytest.TempPathFactory, chosen: dict[str, object], noise: list[str]
) -> None:
    lines: list[str] = []
    where: dict[str, int] = {}
    for section in dict.fromkeys(key.partition(".")[0] for key in chosen):
        lines += [*noise, f"[{section}]"]
        for key, value in chosen.items():
            if key.startswith(f"{section}."):
                text = str(value).lower() if isinstance(value, bool) else repr(value)
                lines += [*noise, f"  {key.partition('.')[2]} = {text} # note"]
                where[key] = len(lines)
    path = tmp_path_factory.getbasetemp() / "written.toml"
    path.write_text("\n".join(lines))
    settings = {setting.key: setting for setting in load(path, environ={}).settings}
    for key, value in chosen.items():
        effective = settings[key].value
        assert (list(effective) if isinstance(effective, tuple) else effective) == value
        assert settings[key].origin == f"{path}:{where[key]}"
