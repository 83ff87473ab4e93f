import { type Command } from "./command.ts";
export const command: Command = {operands:"",options:[],examples:[] as never, run: () => 0};
