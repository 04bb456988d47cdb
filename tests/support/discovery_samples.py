"""Discovery messages as well-known programs write them: their keys and templates, with made-up devices."""

from typing import Any, Final

_Z2M: Final[dict[str, Any]] = {
    "availability": [
        {"topic": "zigbee2mqtt/bridge/state", "value_template": "{{ value_json.state }}"},
        {"topic": "zigbee2mqtt/it/availability", "value_template": "{{ value_json.state }}"},
    ],
    "availability_mode": "all",
    "device": {
        "identifiers": ["zigbee2mqtt_0x1"],
        "manufacturer": "M",
        "model": "m",
        "name": "It",
        "via_device": "b",
    },
    "origin": {"name": "Zigbee2MQTT", "sw": "2.0.0", "url": "https://www.zigbee2mqtt.io"},
    "name": None,
    "unique_id": "0x1_zigbee2mqtt",
}

SAMPLES: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "zigbee2mqtt light": (
        "light",
        _Z2M
        | {
            "brightness": True,
            "brightness_scale": 254,
            "command_topic": "zigbee2mqtt/it/set",
            "default_entity_id": "light.it",
            "effect": True,
            "effect_list": ["blink", "breathe", "okay"],
            "max_mireds": 454,
            "min_mireds": 250,
            "schema": "json",
            "state_topic": "zigbee2mqtt/it",
            "supported_color_modes": ["xy", "color_temp"],
        },
    ),
    "zigbee2mqtt cover": (
        "cover",
        _Z2M
        | {
            "command_topic": "zigbee2mqtt/it/set",
            "position_template": "{{ value_json.position }}",
            "position_topic": "zigbee2mqtt/it",
            "set_position_template": '{ "position": {{ position }} }',
            "set_position_topic": "zigbee2mqtt/it/set",
            "state_closing": "DOWN",
            "state_opening": "UP",
            "state_stopped": "STOP",
            "state_topic": "zigbee2mqtt/it",
            "value_template": (
                "{% if 'moving' in value_json and value_json.moving %} {{ value_json.moving }}"
                " {% else %} STOP {% endif %}"
            ),
        },
    ),
    "zigbee2mqtt thermostat": (
        "climate",
        _Z2M
        | {
            "action_template": "{% set v = {None:None,'heat':'heating'} %}{{ v[value_json.running_state] }}",
            "action_topic": "zigbee2mqtt/it",
            "current_temperature_template": "{{ value_json.local_temperature }}",
            "current_temperature_topic": "zigbee2mqtt/it",
            "max_temp": "30",
            "min_temp": "5",
            "mode_command_topic": "zigbee2mqtt/it/set/system_mode",
            "mode_state_template": "{{ value_json.system_mode }}",
            "mode_state_topic": "zigbee2mqtt/it",
            "modes": ["heat", "auto", "off"],
            "preset_mode_command_topic": "zigbee2mqtt/it/set/preset",
            "preset_mode_state_topic": "zigbee2mqtt/it",
            "preset_mode_value_template": "{{ value_json.preset }}",
            "preset_modes": ["comfort", "eco"],
            "temp_step": 0.5,
            "temperature_command_topic": "zigbee2mqtt/it/set/occupied_heating_setpoint",
            "temperature_state_template": "{{ value_json.occupied_heating_setpoint }}",
            "temperature_state_topic": "zigbee2mqtt/it",
            "temperature_unit": "C",
        },
    ),
    "zigbee2mqtt fan": (
        "fan",
        _Z2M
        | {
            "command_topic": "zigbee2mqtt/it/set/fan_state",
            "percentage_command_template": "{{ {0:'off', 1:'low', 2:'medium', 3:'high'}[value] | default('') }}",
            "percentage_command_topic": "zigbee2mqtt/it/set/fan_mode",
            "percentage_state_topic": "zigbee2mqtt/it",
            "percentage_value_template": (
                "{{ {None:None, '':'', 'off':0, 'low':1, 'medium':2, 'high':3, 'on':4}[value_json.fan_mode]"
                " | default('None') }}"
            ),
            "speed_range_max": 3,
            "speed_range_min": 1,
            "state_topic": "zigbee2mqtt/it",
            "state_value_template": "{{ value_json.fan_state }}",
        },
    ),
    "zigbee2mqtt lock": (
        "lock",
        _Z2M
        | {
            "command_topic": "zigbee2mqtt/it/set",
            "payload_lock": "LOCK",
            "payload_unlock": "UNLOCK",
            "state_locked": "LOCK",
            "state_topic": "zigbee2mqtt/it",
            "state_unlocked": "UNLOCK",
            "value_template": "{{ value_json.state }}",
        },
    ),
    "zigbee2mqtt motion": (
        "binary_sensor",
        _Z2M
        | {
            "device_class": "motion",
            "payload_off": False,
            "payload_on": True,
            "state_topic": "zigbee2mqtt/it",
            "value_template": "{{ value_json.occupancy }}",
        },
    ),
    "zigbee2mqtt plug": (
        "switch",
        _Z2M
        | {
            "command_topic": "zigbee2mqtt/it/set",
            "payload_off": "OFF",
            "payload_on": "ON",
            "state_topic": "zigbee2mqtt/it",
            "value_template": "{{ value_json.state }}",
        },
    ),
    "esphome light": (
        "light",
        {
            "schema": "json",
            "clrm": True,
            "sup_clrm": ["rgb"],
            "brightness": True,
            "fx_list": ["None", "Rainbow"],
            "name": "Strip",
            "stat_t": "desk/light/strip/state",
            "cmd_t": "desk/light/strip/command",
            "avty_t": "desk/status",
            "uniq_id": "ESPlightstrip",
            "dev": {
                "ids": "aabbcc",
                "name": "desk",
                "sw": "2026.1",
                "mdl": "esp32dev",
                "mf": "Espressif",
                "sa": "Study",
            },
        },
    ),
    "esphome number": (
        "number",
        {
            "min": 0.5,
            "max": 20,
            "step": 0.5,
            "mode": "box",
            "unit_of_meas": "s",
            "name": "Delay",
            "stat_t": "desk/number/delay/state",
            "cmd_t": "desk/number/delay/command",
            "avty_t": "desk/status",
            "dev": {"ids": "aabbcc", "name": "desk"},
        },
    ),
    "esphome climate": (
        "climate",
        {
            "curr_temp_t": "ac/climate/ac/current_temperature/state",
            "mode_cmd_t": "ac/climate/ac/mode/command",
            "mode_stat_t": "ac/climate/ac/mode/state",
            "modes": ["off", "cool", "heat", "fan_only", "dry", "heat_cool"],
            "temp_cmd_t": "ac/climate/ac/target_temperature/command",
            "temp_stat_t": "ac/climate/ac/target_temperature/state",
            "min_temp": "16.0",
            "max_temp": "31.0",
            "temp_step": "1.0",
            "temp_unit": "C",
            "fan_mode_cmd_t": "ac/climate/ac/fan_mode/command",
            "fan_mode_stat_t": "ac/climate/ac/fan_mode/state",
            "fan_modes": ["auto", "low", "medium", "high"],
            "swing_mode_cmd_t": "ac/climate/ac/swing_mode/command",
            "swing_mode_stat_t": "ac/climate/ac/swing_mode/state",
            "swing_modes": ["off", "vertical"],
            "name": "AC",
        },
    ),
    "theengs thermometer": (
        "sensor",
        {
            "stat_t": "+/+/BTtoMQTT/A4C138000000",
            "name": "Outside",
            "val_tpl": "{{ value_json.tempc | is_defined }}",
            "dev_cla": "temperature",
            "unit_of_meas": "°C",
            "stat_cla": "measurement",
        },
    ),
    "a garage with relays": (
        "cover",
        {
            "name": "Garage",
            "dev_cla": "garage",
            "cmd_t": "garage/cmnd/POWER1",
            "pl_open": "ON",
            "pl_cls": "ON",
            "pl_stop": None,
            "stat_t": "garage/tele/SENSOR",
            "val_tpl": "{{ value_json['Switch1'] }}",
            "stat_open": "OFF",
            "stat_clsd": "ON",
        },
    ),
    "a siren": ("siren", {"cmd_t": "s/set", "stat_t": "s", "sup_vol": False, "sup_dur": False}),
    "a water valve": (
        "valve",
        {"cmd_t": "v/set", "stat_t": "v", "pos": True, "dev_cla": "water", "pl_stop": "STOP"},
    ),
    "a humidifier": (
        "humidifier",
        {
            "cmd_t": "h/set",
            "stat_t": "h",
            "hum_cmd_t": "h/t/set",
            "hum_stat_t": "h/t",
            "modes": ["eco"],
            "mode_cmd_t": "h/m",
        },
    ),
    "a scene": (
        "scene",
        {"cmd_t": "zigbee2mqtt/room/set", "payload_on": '{"scene_recall": 1}', "name": "Movie"},
    ),
    "a button": ("button", {"cmd_t": "x/restart", "dev_cla": "restart", "ent_cat": None, "name": "Restart"}),
    "a select": (
        "select",
        {"cmd_t": "x/set", "stat_t": "x", "ops": ["a", "b"], "cmd_tpl": '{"m": "{{ value }}"}'},
    ),
    "a default light": (
        "light",
        {
            "cmd_t": "l/set",
            "stat_t": "l",
            "bri_cmd_t": "l/b/set",
            "bri_stat_t": "l/b",
            "hs_cmd_t": "l/hs/set",
            "hs_stat_t": "l/hs",
            "clr_temp_cmd_t": "l/ct/set",
            "clr_temp_stat_t": "l/ct",
            "on_cmd_type": "first",
        },
    ),
    "a template light": (
        "light",
        {
            "schema": "template",
            "cmd_t": "t/set",
            "stat_t": "t",
            "cmd_on_tpl": "on,{{ brightness | d }}",
            "cmd_off_tpl": "off",
            "stat_tpl": "{{ value.split(',')[0] }}",
            "bri_tpl": "{{ value.split(',')[1] }}",
        },
    ),
}
