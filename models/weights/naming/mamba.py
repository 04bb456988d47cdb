"""What the rows of decoders with Mamba-2 share: converter `Mamba2Model`, which stores rates, not their logarithms."""

from typing import Final

from models.weights.naming import restored, settings

TENSORS: Final = {
    "blk.{}.ssm_in.weight": "model.layers.{}.mamba.in_proj.weight",
    "blk.{}.ssm_conv1d.weight": "model.layers.{}.mamba.conv1d.weight",
    "blk.{}.ssm_dt.bias": "model.layers.{}.mamba.dt_bias",
    "blk.{}.ssm_a": "model.layers.{}.mamba.A_log",
    "blk.{}.ssm_d": "model.layers.{}.mamba.D",
    "blk.{}.ssm_out.weight": "model.layers.{}.mamba.out_proj.weight",
}
OPTIONAL: Final = {
    "blk.{}.ssm_conv1d.bias": "model.layers.{}.mamba.conv1d.bias",
    "blk.{}.ssm_norm.weight": "model.layers.{}.mamba.norm.weight",
}
RESTORED: Final = {
    "blk.{}.ssm_conv1d.weight": restored.KERNELS,
    "blk.{}.ssm_a": restored.LOGARITHM,
    "blk.{}.ssm_d": restored.FLAT,
    "blk.{}.ssm_norm.weight": restored.FLAT,
}
CONFIG: Final = {
    "mamba_n_heads": settings.integer("ssm.time_step_rank"),
    "mamba_n_groups": settings.integer("ssm.group_count"),
    "mamba_d_state": settings.integer("ssm.state_size"),
    "mamba_d_conv": settings.integer("ssm.conv_kernel"),
    "mamba_conv_bias": settings.has_any(".mamba.conv1d.bias"),
    "mamba_proj_bias": settings.constant(value=False),
}
