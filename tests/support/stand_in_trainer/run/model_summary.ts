/**
 * What the trainer prints about the model before the training loop.
 *
 * @module
 */
import type { Settings } from "../config/settings.ts";
import type { Output } from "../output.ts";

const PADDING = 80;

/** The network, its head and its size. */
export function announceModel(output: Output, settings: Settings, totalParams: number): void {
  const { modelType } = settings;
  output.log(`Setting up lightning module for ${modelType} model...`);
  output.log("Backbone model: UNet(\n  (encoders): ModuleList()\n  (decoders): ModuleList()\n)");
  output.log("Head model: ModuleList(\n  (0): Sequential()\n)");
  output.log(`Total model parameters: ${totalParams.toLocaleString("en-US")}`);
  output.note("GPU available: False, used: False");
  output.note("TPU available: False, using: 0 TPU cores");
  output.note(
    "💡 Tip: For seamless cloud logging and experiment tracking, try installing litlogger to " +
      "enable LitLogger, which logs metrics and artifacts automatically to the Lightning " +
      "Experiments platform.",
  );
  output.log("Input image shape: torch.Size([1, 1, 384, 384])");
  output.note(
    "<site-packages>/torch/utils/data/dataloader.py:759: UserWarning: 'pin_memory' argument is " +
      "set as true but no accelerator is found, then device pinned memory won't be used.",
  );
  output.note("  super().__init__(loader)");
}

/** Lightning's table of the model's parts. */
export function printSummary(output: Output): void {
  const lines = [
    "┏━━━┳━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━┳━━━━━━━━┳━━━━━━━┳━━━━━━━┓",
    "┃   ┃ Name               ┃ Type         ┃ Params ┃ Mode  ┃ FLOPs ┃",
    "┡━━━╇━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━╇━━━━━━━━╇━━━━━━━╇━━━━━━━┩",
    "│ 0 │ model              │ Model        │  115 K │ train │     0 │",
    "│ 1 │ centroid_inf_layer │ CentroidCrop │      0 │ train │     0 │",
    "└───┴────────────────────┴──────────────┴────────┴───────┴───────┘",
    "Trainable params: 115 K".padEnd(PADDING),
    "Non-trainable params: 0".padEnd(PADDING),
    "Total params: 115 K".padEnd(PADDING),
    "Total estimated model params size (MB): 0.462".padEnd(PADDING),
    "Modules in train mode: 52".padEnd(PADDING),
    "Modules in eval mode: 0".padEnd(PADDING),
    "Total FLOPs: 0".padEnd(PADDING),
  ];
  for (const line of lines) output.print(line);
}
